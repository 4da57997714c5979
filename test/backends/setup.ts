import { collectorBinary } from '../collector/build.ts'
import { buildFirst } from '../go-build.ts'
import { cortexBinary, prometheusBinaries, thanosBinary } from './build.ts'
import { nginxIsThere } from './nginx.ts'

export default async function setup(): Promise<void> {
  await buildFirst(nginxIsThere, collectorBinary, prometheusBinaries, cortexBinary, thanosBinary)
}
