import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Logger } from '../../src/log.ts'
import { createSigner, verifySignature } from '../../src/network/signatures-node.ts'
import type { JobLog, LogEntry, LogSchema, Signer } from '../../src/ports.ts'
import type { JobContext } from '../../src/replica/envelope.ts'
import { jobHash, type Sha256 } from '../../src/replica/hash.ts'
import { createReplica, type LogReplica, type ReplicaComponents, type ReplicaInit } from '../../src/replica/replica.ts'
import { createMemoryStore } from '../../src/replica/store-memory.ts'
import { createFakeNetwork, type FakeNetwork, type FakePeer } from '../fakes/network.ts'

export const verify = verifySignature
export const sha256: Sha256 = (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest())
export const bytesOf = (text: string) => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

export function newDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'minga-replica-'))
}

export function removeDirectory(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true })
}

export function newSigner(): Signer {
  return createSigner(randomBytes(32))
}

/** Refuses values that start with "bad". */
export const testSchema: LogSchema = (_jobId, _author, _key, value) => {
  if (textOf(value.subarray(0, 3)) === 'bad') throw new Error('a bad value')
}

export function contextOf(jobId: string, schema: LogSchema = testSchema): JobContext {
  return { jobId, job: jobHash(jobId), schema, sha256 }
}

export interface TestPeer {
  signer: Signer
  net: FakePeer
  replica: LogReplica
}

/** A replica on a fake network; its own memory store unless another is given. */
export async function startPeer(network: FakeNetwork, more: Partial<ReplicaComponents> = {}, init: ReplicaInit = {}): Promise<TestPeer> {
  const signer = more.signer ?? newSigner()
  const net = network.peer(signer.peer)
  const { channels, streams } = net
  const components = { channels, streams, signer, verify, schema: testSchema, store: createMemoryStore(), sha256, ...more }
  return { signer, net, replica: await createReplica(components, { antiEntropyMs: 1e9, ...init }) }
}

export async function startPeers(count: number, network = createFakeNetwork(), init: ReplicaInit = {}): Promise<TestPeer[]> {
  return Promise.all(Array.from({ length: count }, () => startPeer(network, {}, init)))
}

export function record(key: string, value = key) {
  return { key, value: bytesOf(value) }
}

/** The entries as sorted lines: equal for equal views. */
export function viewOf(log: JobLog): string[] {
  return [...log.entries()].map(({ author, key, value }) => `${author} ${key} ${textOf(value)}`).sort()
}

/** Resolves when the log has at least `count` entries. */
export async function hasEntries(log: JobLog, count: number): Promise<LogEntry[]> {
  return eventually(log, () => [...log.entries()].length >= count).then(() => [...log.entries()])
}

/** Resolves when `holds`, asked after each change of the log. */
export function eventually(log: JobLog, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = () => {
      if (!holds()) return
      stop()
      resolve()
    }
    const stop = log.onEntries(check)
    check()
  })
}

export interface Line {
  level: string
  message: string
  facts: object | undefined
}

export function recordingLogger(): Logger & { lines: Line[] } {
  const lines: Line[] = []
  const write = (level: string) => (message: string, facts?: object) => void lines.push({ level, message, facts })
  const logger = { lines, error: write('error'), warn: write('warn'), info: write('info'), debug: write('debug'), child: () => logger }
  return logger
}
