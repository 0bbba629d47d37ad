import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createClient, type MingaClient } from '../../../src/index.ts'
import { type Ended, minga } from '../../cli/run.ts'
import type { Behaviour } from './behaviour.ts'
import { type RealProcess, type SpawnOptions, startProcess } from './process.ts'

type Cleanup = Pick<TestContext, 'after'>

const CLI = fileURLToPath(new URL('../../../src/cli.ts', import.meta.url))
const PEER = fileURLToPath(new URL('../../../src/peer.ts', import.meta.url))
const ROGUE = fileURLToPath(new URL('./rogue-peer.ts', import.meta.url))
const LISTEN = '/ip4/127.0.0.1/tcp/0'
/** The software driver is unpacked once for all test files, as it is for all peers of a machine. */
const CACHE = join(tmpdir(), 'minga-test-cache')

/** A process of the network that has said that it is ready. */
export interface Member extends RealProcess {
  readonly peer: string
  readonly addresses: readonly string[]
  readonly dataDir: string
}

export interface TestNetwork {
  /** Holds all data directories; for the test's own files too. */
  readonly directory: string
  /** The one that runs now. */
  bootstrap(): Member
  /** The bootstrap node's addresses: by TCP, and by WebSocket. */
  readonly address: string
  readonly webAddress: string
  startPeer(name: string, options?: PeerOptions): Promise<Member>
  /** Peers one after another would take as long as all at once takes on two cores. */
  startPeers(names: readonly string[], options?: PeerOptions): Promise<Member[]>
  /** The bootstrap node again, with its old data directory and port. */
  restartBootstrap(): Promise<Member>
  /** Runs the command line to its end, with a data directory of its own and the network's bootstrap node. */
  cli(...args: string[]): Promise<Ended>
  client(): Promise<MingaClient>
}

export interface PeerOptions extends SpawnOptions {
  /** Given, the peer is put together by rogue-peer.ts. */
  behaviour?: Behaviour
  args?: readonly string[]
  /** Settings as in the configuration file, of a peer with a behaviour; another takes `args`. */
  settings?: Readonly<Record<string, unknown>>
}

/** A folder that goes when the test ends, after `before` has run. */
export async function temporaryDirectory(t: Cleanup, before: () => Promise<unknown> = async () => {}): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'minga-e2e-'))
  t.after(async () => {
    await before()
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  })
  return directory
}

/** A bootstrap node as a process of its own, started with these arguments beside the usual; everything ends with the test. */
export async function startTestNetwork(t: Cleanup, bootstrapArgs: readonly string[] = []): Promise<TestNetwork> {
  const processes: RealProcess[] = []
  const clients: MingaClient[] = []
  const directory = await temporaryDirectory(t, async () => {
    await Promise.all(clients.map((client) => client.close().catch(() => {})))
    await Promise.all(processes.map((process) => process.kill()))
  })
  const ready = async (process: RealProcess, dataDir: string): Promise<Member> => {
    processes.push(process)
    const { peer, addresses } = (await process.line(({ event }) => event === 'ready')) as unknown as { peer: string; addresses: string[] }
    return Object.assign(process, { peer, addresses, dataDir })
  }
  const common = ['--json', '--log-format', 'json', '--log-level', 'debug', '--cache-dir', CACHE]
  const startBootstrap = (listen: readonly string[]) => {
    const dataDir = join(directory, 'bootstrap')
    const args = ['bootstrap', '--data-dir', dataDir, ...common, ...bootstrapArgs, ...listen.flatMap((at) => ['--listen', at])]
    return ready(startProcess(CLI, args), dataDir)
  }
  let bootstrap = await startBootstrap([LISTEN, `${LISTEN}/ws`])
  const isWeb = (at: string) => at.includes('/ws')
  const address = bootstrap.addresses.find((at) => !isWeb(at)) as string
  const webAddress = bootstrap.addresses.find(isWeb) as string

  const startPeer: TestNetwork['startPeer'] = (name, { behaviour, args = [], settings: more, ...options } = {}) => {
    const dataDir = join(directory, name)
    if (behaviour === undefined) {
      const flags = ['--data-dir', dataDir, ...common, '--listen', LISTEN, '--bootstrap', address, ...args]
      return ready(startProcess(PEER, flags, options), dataDir)
    }
    const settings = { dataDir, cacheDir: CACHE, logLevel: 'debug', listen: [LISTEN], bootstrap: [address], ...more }
    return ready(startProcess(ROGUE, [JSON.stringify(settings), JSON.stringify(behaviour)], options), dataDir)
  }
  return {
    directory,
    bootstrap: () => bootstrap,
    address,
    webAddress,
    startPeer,
    startPeers: (names, options) => Promise.all(names.map((name) => startPeer(name, options))),
    async restartBootstrap() {
      await bootstrap.kill()
      bootstrap = await startBootstrap([address, webAddress].map((at) => at.replace(/\/p2p\/.*$/, '')))
      return bootstrap
    },
    cli: (...args) => minga([...args, '--bootstrap', address, '--data-dir', join(directory, 'cli'), '--cache-dir', CACHE]),
    async client() {
      const client = await createClient({ bootstrap: [webAddress] })
      clients.push(client)
      return client
    },
  }
}
