import { collectorBinary } from '../collector/build.ts'
import { buildFirst } from '../go-build.ts'
import { prometheusBinaries } from './build.ts'

export default async function setup(): Promise<void> {
  await buildFirst(collectorBinary, prometheusBinaries)
}
