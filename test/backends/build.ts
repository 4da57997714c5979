import { join } from 'node:path'
import { goBuild } from '../go-build.ts'

/** The paths of Prometheus and of its promtool, as `prometheus/go.mod` pins them. */
export async function prometheusBinaries(): Promise<{ prometheus: string; promtool: string }> {
  const folder = await goBuild({
    title: 'Prometheus',
    name: 'prometheus',
    source: join(import.meta.dirname, 'prometheus'),
    module: 'github.com/prometheus/prometheus',
    target: 'tool',
    // The clients of every cloud are three quarters of it, and no test looks for its targets there.
    tags: 'remove_all_sd',
  })
  return { prometheus: join(folder, 'prometheus'), promtool: join(folder, 'promtool') }
}
