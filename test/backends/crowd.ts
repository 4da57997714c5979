import { createHash } from 'node:crypto'
import type { Post } from './load.ts'
import type { Door } from './nginx.ts'

/** An installation that was never installed: it has the requests of a real one, under other ids. */
export interface Member {
  fingerprint: string
  instance: string
  /** Nobody else's. */
  address: string
  /** The count that was last answered with 200. */
  accepted: number
  /** Sends its nth request. 200: it was accepted. 502: its gateway is down. */
  send(door: Door, n: number): Promise<200 | 502>
}

/** So many of them. The nth request has to bring the count to n. */
export function makeCrowd(posts: readonly Post[], size: number): Member[] {
  return Array.from({ length: size }, (_, i) => {
    const fingerprint = createHash('sha256').update(`installation ${i}`).digest('hex')
    const instance = `${fingerprint.slice(0, 8)}-0000-4000-8000-000000000000`
    const member: Member = {
      fingerprint,
      instance,
      address: `127.1.${Math.floor(i / 250)}.${(i % 250) + 1}`,
      accepted: 0,
      async send(door, n) {
        const post = posts[n - 1]!
        const status = await door.send({
          body: post.body.replace(post.instance, instance).replace(/[0-9a-f]{64}/, fingerprint),
          headers: { 'otlp-tally-shard': fingerprint.slice(0, 4) },
          from: member.address,
        })
        if (status === 200) member.accepted = n
        else if (status !== 502) throw new Error(`The door answers ${status}`)
        return status
      },
    }
    return member
  })
}

/** What was accepted of all of them. */
export function accepted(members: readonly Member[]): number {
  return members.reduce((sum, { accepted }) => sum + accepted, 0)
}
