import { Text } from 'ink'
import { z } from 'zod'

export const args = z.tuple([z.string()])

export default function Migrate(props: { args: string[] }) {
  return <Text>migrated to {props.args[0]}</Text>
}
Migrate.displayName = 'db migrate'
