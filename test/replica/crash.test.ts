import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createSigner } from '../../src/network/signatures-node.ts'
import { openLevelStore } from '../../src/replica/store-level.ts'
import { createFakeNetwork } from '../fakes/network.ts'
import { newDirectory, record, recordingLogger, removeDirectory, startPeer } from './support.ts'

const CHILD = fileURLToPath(new URL('./children/append-forever.ts', import.meta.url))

/** Runs the child, kills it −9 after so many acknowledged appends, and gives the keys that it had printed by then. */
async function killAfter(path: string, privateKey: string, prefix: string, appends: number): Promise<string[]> {
  const child = spawn(process.execPath, [CHILD, path, privateKey, prefix], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  const keys: string[] = []
  let seen = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [last, count] = line.split(' ') as [string, string]
    const round = last.slice(0, last.lastIndexOf('/'))
    for (let i = 0; i < Number(count); i++) keys.push(`${round}/${i}`)
    if (++seen === appends) child.kill('SIGKILL')
  }
  const [, signal] = await exited
  assert.equal(signal, 'SIGKILL')
  return keys
}

it('a log killed −9 while it writes has all that was acknowledged, nothing torn, and can be continued', async (t) => {
  const directory = await newDirectory()
  t.after(() => removeDirectory(directory))
  const path = join(directory, 'logs')
  const privateKey = randomBytes(32).toString('hex')
  const acknowledged: string[] = []
  for (const [run, appends] of [3, 17, 30].entries()) acknowledged.push(...(await killAfter(path, privateKey, `run-${run}`, appends)))
  assert.ok(acknowledged.length > 50)

  const logger = recordingLogger()
  const store = await openLevelStore({ path, logger })
  const peer = await startPeer(createFakeNetwork(), { store, logger, signer: createSigner(Buffer.from(privateKey, 'hex')) })
  const log = await peer.replica.open('job')
  const present = new Set([...log.entries()].map(({ key }) => key))
  assert.deepEqual(
    acknowledged.filter((key) => !present.has(key)),
    [],
  )
  assert.deepEqual(
    logger.lines.filter(({ level }) => level !== 'debug'),
    [],
  )
  await log.append([record('after')])
  assert.deepEqual(log.equivocators(), [])
  await peer.replica.stop()
  await store.close()
})
