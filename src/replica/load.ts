import type { Logger } from '../log.ts'
import type { Envelope } from './envelope.ts'
import { LogUnreadableError } from './errors.ts'
import type { JobCore } from './job-core.ts'
import type { Journal } from './journal.ts'
import { nextTurn } from './next-turn.ts'
import { decodeRecord, KEYS } from './record.ts'
import type { Store } from './store.ts'

/** Bytes of envelopes applied between two turns of the event loop: about 5 ms at the usual size of a record. */
const APPLY_BYTES = 256 * 1024

export interface LoadComponents {
  core: JobCore
  store: Store
  journal: Journal
  logger: Logger
}

/**
 * Reads a Job's log from the store. Signatures were checked before it was written; damage shows in each record's tag. What is damaged is set
 * aside under `bad/`, what follows it waits until peers send the lost part. Rejects with LogUnreadableError where not even a repair helps.
 */
export async function loadLog(components: LoadComponents): Promise<{ envelopes: number; damaged: number }> {
  const { store, logger } = components
  try {
    return await load(components)
  } catch (error) {
    if (!(error instanceof LogUnreadableError) || !store.repair) throw error
    logger.error('log store cannot be read through, repairing it', { cause: String(error.cause) })
  }
  await store.repair()
  return load(components)
}

async function* read(store: Store, prefix: string): AsyncGenerator<[string, Uint8Array]> {
  try {
    yield* store.range(prefix)
  } catch (cause) {
    throw new LogUnreadableError(cause)
  }
}

async function load({ core, store, journal, logger }: LoadComponents): Promise<{ envelopes: number; damaged: number }> {
  const { job, jobId } = core.context
  let envelopes = 0
  let damaged = 0
  const quarantine = (key: string, value: Uint8Array, error: unknown) => {
    damaged++
    logger.warn('damaged record set aside, peers are asked for it', { jobId, key, error: String(error) })
    journal.put(KEYS.bad(key), value)
    journal.delete(key)
  }

  for await (const [key, value] of read(store, KEYS.proofs(job))) {
    await core.accuse(value).catch((error: unknown) => quarantine(key, value, error))
  }
  let batch: Envelope[] = []
  let batchBytes = 0
  const flush = async () => {
    core.restore(batch)
    batch = []
    batchBytes = 0
    await nextTurn()
  }
  for await (const [key, value] of read(store, KEYS.logs(job))) {
    try {
      const envelope = decodeRecord(core.context, value)
      if (KEYS.envelope(job, envelope) !== key) throw new RangeError(`Expected the record of ${key}.`)
      batch.push(envelope)
      envelopes++
      batchBytes += value.length
    } catch (error) {
      quarantine(key, value, error)
    }
    if (batchBytes >= APPLY_BYTES) await flush()
  }
  await flush()
  return { envelopes, damaged }
}
