import { glob, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import type { Context } from '../cli/context.ts'
import { EXIT, type ExitCode } from '../errors.ts'
import { createClient } from '../index.ts'
import { createUndo, type Undo } from '../node/undo.ts'
import { ensureCircuits } from './circuits.ts'
import { DemoMoneyError, DemoTimeoutError, DemoUnequalError, TooFewPeersError } from './errors.ts'
import { byName, type DemoFacts } from './facts.ts'
import { brokenChecks, watchMoney } from './money.ts'
import { makeRoomForPictures } from './pictures.ts'
import { renderFacts, renderMembers } from './render.ts'
import { type Run, runJob, say } from './run-job.ts'
import { createStopwatch } from './stopwatch.ts'
import { inStudio } from './studio.ts'
import { type Swarm, startSwarm } from './swarm.ts'
import { openTreasury, type Treasury } from './treasury.ts'

export interface DemoOptions {
  /** Honest ones; with chaos and a cheat there is one more. */
  peers: number
  /** Kill a peer half-way, and the one that would settle. */
  chaos: boolean
  /** One more peer, which computes everything wrong. */
  cheat: boolean
  /** No chain, no money. */
  unpaid: boolean
  /** 1024 × 512 pixels instead of 4096 × 2048. */
  small: boolean
  /** Leave data directories and logs where they are. */
  keep: boolean
  /** Where the pictures go. */
  out: string
  /** The longest that it may take. */
  limitMs: number
}

const CHEAT = 'the cheat'
/** So many lines of each process's log are shown where the demo fails. */
const LAST_LINES = 5

/**
 * A whole network on this machine computes one real Job and is paid for it. Its picture is compared with one that was computed without the network, and the
 * money is counted. Throws DemoUnequalError, DemoMoneyError, DemoTimeoutError, MemberEndedError, DemoChainError, CircuitsUnbuiltError, and what the client
 * throws.
 */
export async function runDemo(options: DemoOptions, context: Context): Promise<ExitCode> {
  checkPeers(options)
  await makeRoomForPictures(resolve(options.out))
  const directory = await mkdtemp(join(tmpdir(), 'minga-demo-'))
  const limit = AbortSignal.timeout(options.limitMs)
  const failed = new AbortController()
  const signal = AbortSignal.any([context.signal, limit, failed.signal])
  const fail = (error: Error) => failed.abort(error)
  try {
    const facts = await runSwarm({ options, context, directory, signal, fail, watch: createStopwatch() })
    context.output.item(facts, () => renderFacts(facts, context.output.style))
    if (!facts.equal) throw new DemoUnequalError(facts.job.bytes)
    const broken = facts.money === null ? [] : brokenChecks(facts.money)
    if (broken.length > 0) throw new DemoMoneyError(broken)
  } catch (error) {
    context.live.end()
    // Whoever interrupts it knows why it ended.
    if (context.signal.aborted && !options.keep) await remove(directory)
    else context.live.print(await lastWords(directory))
    throw limit.aborted ? new DemoTimeoutError(options.limitMs, error) : error
  }
  if (options.keep) context.live.print(`kept ${directory}\n`)
  else await remove(directory)
  return EXIT.ok
}

/** Nobody is paid on its own word, and after two of them were killed, one is to be left. Throws TooFewPeersError. */
function checkPeers({ peers, chaos, unpaid }: DemoOptions): void {
  if (unpaid) return
  if (chaos && peers < 3) throw new TooFewPeersError(3, peers, 'a paid Job with chaos')
  if (peers < 2) throw new TooFewPeersError(2, peers, 'a paid Job')
}

/** A process that was still starting when all was called off may write for a moment more. */
const remove = (directory: string) => rm(directory, { recursive: true, force: true, maxRetries: 5 })

async function runSwarm(run: Run): Promise<DemoFacts> {
  const undo = createUndo()
  try {
    return await startAll(run, undo)
  } finally {
    await undo.run()
  }
}

async function startAll(run: Run, undo: Undo): Promise<DemoFacts> {
  const { options, context, directory, signal, watch } = run
  const original = inStudio('load', { small: options.small }, { signal })
  const opening = options.unpaid ? undefined : openMoney(run)
  // Awaited later: until then a failure must not count as unhandled.
  for (const started of [original, opening]) started?.catch(() => {})
  undo.add(async () => (await opening?.catch(() => undefined))?.stop())
  const { cacheDir } = context.config
  const logLevel = options.chaos ? 'debug' : 'info'
  const treasury = await opening
  treasury?.process.died.then(run.fail)
  // Who holds a paid Job follows its escrow, too.
  const bootstrapArgs = treasury === undefined ? [] : ['--chain-file', treasury.process.chainFile]
  const swarm = await startSwarm({ directory, cacheDir, env: context.plainEnv, logLevel, bootstrapArgs, signal })
  undo.add(() => swarm.stop())
  await Promise.all([startPeers(swarm, options, treasury), treasury?.bondAll()])
  // A process that falls over by itself is a failure, also where the others would do its work.
  for (const member of swarm.members()) member.fell.then(run.fail)
  const chain = treasury && { chain: treasury.requester }
  const client = await createClient({ bootstrap: [swarm.webSocketAddress()], signal, ...chain })
  undo.add(() => client.close())
  const money = treasury && (await watchMoney(treasury, (event, line) => say(context, { type: 'chain:event', event }, line)))
  if (money !== undefined) undo.add(() => money.stop())
  const members = swarm.members().toSorted(byName)
  const facts = members.map(({ name, pid, peer, addresses }) => ({ name, pid, peer, addresses }))
  const tookMs = watch.lap('start')
  const started = { type: 'demo:started', members: facts, chain: treasury?.process.pid, tookMs }
  context.output.item(started, () => renderMembers(members, tookMs))
  return runJob(run, { swarm, client, money, original: await original })
}

/** Peer by peer a name; the cheat has its own. */
function namesOf({ peers, chaos, cheat }: DemoOptions): string[] {
  // A dispute asks two that are neither the cheat nor its accuser; one of three is killed meanwhile, and each answer that never comes costs its patience.
  const honest = peers + (chaos && cheat ? 1 : 0)
  return [...Array.from({ length: honest }, (_, i) => `peer ${i + 1}`), ...(cheat ? [CHEAT] : [])]
}

function openMoney({ options, context, directory, signal }: Run): Promise<Treasury> {
  const onBuilding = () => context.live.print('building the settlement circuit and its development key: seconds, the first time\n')
  const circuits = ensureCircuits({ signal, onBuilding })
  circuits.catch(() => {})
  return openTreasury({ directory, circuits, names: namesOf(options), env: context.plainEnv, signal })
}

async function startPeers(swarm: Swarm, options: DemoOptions, treasury: Treasury | undefined): Promise<void> {
  const start = (name: string) => (name === CHEAT ? swarm.startCheat : swarm.startPeer)(name, treasury?.argsFor(name))
  await Promise.all(namesOf(options).map(start))
}

/** The end of each process's log, and where the rest lies. */
async function lastWords(directory: string): Promise<string> {
  const parts: string[] = []
  for await (const path of glob(join(directory, '*.log'))) {
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n').slice(-LAST_LINES)
    parts.push(`── ${basename(path, '.log')}\n${lines.map((line) => `   ${line.slice(0, 300)}\n`).join('')}`)
  }
  return `${parts.join('')}data and logs are kept in ${directory}\n`
}
