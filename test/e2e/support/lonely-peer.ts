import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type RealProcess, startProcess } from './process.ts'

export const PEER_ENTRY = join(import.meta.dirname, '../../../src/peer.ts')
/** For a peer that computes nothing and meets nobody: what is tested happens before. */
export const LONELY = ['--listen', '/ip4/127.0.0.1/tcp/0', '--compute-device', 'off', '--log-format', 'json']

interface Ready {
  peer: string
  addresses: string[]
}

/** Resolves when the peer is ready; it ends with the test. */
export async function startLonelyPeer(
  t: Pick<TestContext, 'after'>,
  dataDir: string,
  args: readonly string[] = [],
): Promise<RealProcess & Ready> {
  const process = startProcess(PEER_ENTRY, ['--data-dir', dataDir, '--json', ...LONELY, ...args])
  t.after(() => process.kill())
  const { peer, addresses } = (await process.line(({ event }) => event === 'ready')) as unknown as Ready
  return Object.assign(process, { peer, addresses })
}
