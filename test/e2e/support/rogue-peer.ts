/** A peer process put together like peer-main.ts, with a Behaviour: `node rogue-peer.ts '<settings as JSON>' '<behaviour as JSON>'`. */
import { homedir } from 'node:os'
import { namesChain } from '../../../src/chain/names-chain.ts'
import { systemClock } from '../../../src/clock.ts'
import { createCompute } from '../../../src/compute/compute.ts'
import { parseConfig } from '../../../src/config.ts'
import { createLogger } from '../../../src/log-node.ts'
import { createVerifier } from '../../../src/network/signatures-node.ts'
import { openEscrow } from '../../../src/node/open-escrow.ts'
import { startNode } from '../../../src/node/start-node.ts'
import { createUndo } from '../../../src/node/undo.ts'
import { signCertificate } from '../../../src/protocol/certificate.ts'
import { escrowWatcher } from '../../../src/roles/escrow-watch.ts'
import { createJobSessions } from '../../../src/roles/job-sessions.ts'
import { createJobsBoard } from '../../../src/roles/jobs-board.ts'
import { createProcessor } from '../../../src/roles/processor.ts'
import { createQueueSnapshots } from '../../../src/roles/queue-snapshots.ts'
import { type Behaviour, boastfulEscrow, misbehavingCompute, withholdingSessions } from './behaviour.ts'
import { bombingSessions, unboundReplica } from './bomber.ts'

const behaviour = JSON.parse(process.argv[3] ?? '{}') as Behaviour
const surroundings = { home: homedir(), cwd: process.cwd(), platform: process.platform }
const { config } = parseConfig(JSON.parse(process.argv[2] ?? '{}'), {}, undefined, surroundings)
const logger = await createLogger({ level: config.logLevel, format: 'json', color: false })
const undo = createUndo()

const node = await startNode({ config, logger, role: 'peer', dataDir: config.dataDir }, undo)
const { identity, wallet, network, replica, blocks, vault } = node
const { channels, streams, self } = network
const opened = namesChain(config.chain) ? await openEscrow({ config, logger, walletKey: wallet.key }, undo) : undefined
const escrow = opened && boastfulEscrow(opened, behaviour)
const watching = new AbortController()
undo.add(async () => watching.abort())
const watchEscrow = escrow && escrowWatcher({ ...escrow, clock: systemClock, logger: logger.child('escrow') }, { signal: watching.signal })
const heeding = createJobSessions({
  replica: behaviour.bombs ? unboundReplica(replica) : replica,
  self,
  ...(watchEscrow && { watchEscrow }),
})
const sessions = withholdingSessions(behaviour.bombs ? bombingSessions(heeding) : heeding, behaviour)
const board = await createJobsBoard({ channels, clock: systemClock })
const device = await createCompute({ logger: logger.child('compute') }, { cacheDirectory: config.cacheDir, adapter: 'auto' })
undo.add(() => device.stop())
const certificate = signCertificate(wallet.key, {
  peerKey: identity.publicKey,
  chainId: 31337,
  expiry: Math.floor(Date.now() / 1000) + 86_400,
})
const snapshots = await createQueueSnapshots({ streams })
const processor = createProcessor(
  {
    self,
    sessions,
    board,
    channels,
    replica,
    snapshots,
    blocks,
    compute: misbehavingCompute(device, behaviour, () => logger.debug('computed')),
    vault,
    signer: identity.signer,
    verify: createVerifier(),
    clock: systemClock,
    logger: logger.child('processor'),
    wallet: wallet.address,
    walletKey: wallet.key,
    escrow,
    certificate,
  },
  { ...(behaviour.patience && { patience: behaviour.patience }) },
)
await board.ask().catch(() => {})
process.stdout.write(`${JSON.stringify({ event: 'ready', peer: self, addresses: network.addresses() })}\n`)

process.once('SIGTERM', async () => {
  await processor.stop(AbortSignal.timeout(10_000))
  await undo.run()
  process.exit(0)
})
