import { Text } from 'ink'
import { z } from 'zod'

export const args = z.tuple([z.string()])

export default function Migrate({ args: [target] }: { args: string[] }) {
  return <Text>migrated to {target}</Text>
}
Migrate.displayName = 'db migrate'
