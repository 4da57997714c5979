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

/** The path of Cortex, as `cortex/go.mod` pins it. */
export async function cortexBinary(): Promise<string> {
  const folder = await goBuild({
    title: 'Cortex',
    name: 'cortex',
    source: join(import.meta.dirname, 'cortex'),
    module: 'github.com/cortexproject/cortex',
    target: 'tool',
    // As its own Makefile has it. The labels of Prometheus have to be those that Cortex was written for.
    tags: 'netgo,slicelabels',
  })
  return join(folder, 'cortex')
}

/** The path of Thanos, as `thanos/go.mod` pins it. */
export async function thanosBinary(): Promise<string> {
  const folder = await goBuild({
    title: 'Thanos',
    name: 'thanos',
    source: join(import.meta.dirname, 'thanos'),
    module: 'github.com/thanos-io/thanos',
    target: 'tool',
    // Without it `thanos receive` panics.
    tags: 'slicelabels',
  })
  return join(folder, 'thanos')
}
