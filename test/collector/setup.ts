import { buildFirst } from '../go-build.ts'
import { collectorBinary } from './build.ts'

export default async function setup(): Promise<void> {
  await buildFirst(collectorBinary)
}
