import { randomBytes } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { JobRecord } from '../../../src/job/records.ts'
import type { Replica } from '../../../src/ports.ts'
import type { JobSessions } from '../../../src/roles/job-sessions.ts'

const AT_ONCE = 256

/** A replica that heeds no Job's quota, so that its owner's records reach the others. */
export function unboundReplica(replica: Replica): Replica {
  return { ...replica, open: async (...call) => ({ ...(await replica.open(...call)), bound: () => {} }) }
}

/** Sessions whose peer fills the log of each Job that it learns of, with records that are as good as any, as fast as it can sign them. */
export function bombingSessions(sessions: JobSessions): JobSessions {
  return {
    async open(...call) {
      const session = await sessions.open(...call)
      let at = 0
      const bomb = async () => {
        await session.until(({ info }) => info !== undefined)
        for (;;) {
          await session.append(...Array.from({ length: AT_ONCE }, () => commit(at++)))
          await setImmediate()
        }
      }
      // Ends with the log, or with the conviction.
      bomb().catch(() => {})
      return session
    },
  }
}

function commit(index: number): JobRecord {
  const [commit, chainHead] = [randomBytes(32), randomBytes(32)].map((bytes) => new Uint8Array(bytes)) as [Uint8Array, Uint8Array]
  return { kind: 'commit', macro: index >> 12, micro: index & 4095, attempt: 0, commit, chainHead, challenge: null }
}
