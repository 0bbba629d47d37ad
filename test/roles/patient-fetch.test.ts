import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fetchPatiently } from '../../src/roles/patient-fetch.ts'
import { type Attempt, BlockNotFoundError, WrongBytesError } from '../../src/storage/errors.ts'

const CID = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
const notFound = (...attempts: Attempt[]) => new BlockNotFoundError(CID, attempts)
const lacks = (source: string): Attempt => ({ source, reason: 'does not have it', lacks: true })
const silent = (source: string): Attempt => ({ source, reason: 'PeerUnreachableError' })

/** Fails with `error` until the clock shows `fromMs`; gives what came of it and when. */
async function outcome(error: Error, fromMs: number, holders: string[]) {
  let nowMs = 0
  const sleep = async (ms: number) => {
    nowMs += ms
  }
  const clock = { nowMs: () => nowMs, sleep }
  const fetch = async () => {
    if (nowMs < fromMs) throw error
    return 'bytes'
  }
  const end = await fetchPatiently(fetch, { clock, holders }).catch((thrown: Error) => thrown.name)
  return { end, seconds: nowMs / 1000 }
}

describe('patience with the holders of a Job', () => {
  it('ends soon where all of them answer that they lack what is asked for', async () => {
    const error = notFound(lacks('a'), lacks('b'))
    assert.deepEqual(await outcome(error, 1e9, ['a', 'b']), { end: 'BlockNotFoundError', seconds: 6 })
    assert.deepEqual(await outcome(error, 5000, ['a', 'b']), { end: 'bytes', seconds: 6 })
  })

  it('lasts as long as a reboot where one does not answer, whatever others say', async () => {
    const error = notFound(lacks('a'), silent('b'), lacks('stranger'))
    assert.deepEqual(await outcome(error, 90_000, ['a', 'b']), { end: 'bytes', seconds: 90 })
    assert.deepEqual(await outcome(error, 1e9, ['a', 'b']), { end: 'BlockNotFoundError', seconds: 120 })
  })

  it('ends soon where nobody promised to keep it, or where only false bytes are to be had', async () => {
    assert.equal((await outcome(notFound(silent('requester')), 1e9, [])).seconds, 6)
    assert.equal((await outcome(new WrongBytesError({ cid: CID, peer: 'a', kind: 'hash' }), 1e9, ['a'])).seconds, 6)
  })
})
