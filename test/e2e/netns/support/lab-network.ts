import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { EXIT } from '../../../../src/errors.ts'
import type { JobDraft } from '../../../../src/job/draft.ts'
import type { JobId } from '../../../../src/job/ids.ts'
import type { JobReport } from '../../../../src/job/report.ts'
import { readSignedReport } from '../../../../src/job/report-check.ts'
import type { Behaviour } from '../../support/behaviour.ts'
import { type Member, temporaryDirectory } from '../../support/fault-network.ts'
import { jobFileOf } from '../../support/jobs.ts'
import { type RealProcess, startProcess } from '../../support/process.ts'
import { type Host, type Lab, startLab } from './lab.ts'

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const CLI = fromHere('../../../../src/cli.ts')
const PEER = fromHere('../../../../src/peer.ts')
const ROGUE = fromHere('../../support/rogue-peer.ts')
/** The software driver is unpacked once for all test files. */
const CACHE = join(tmpdir(), 'minga-test-cache')
const COMMON = ['--json', '--log-format', 'json', '--log-level', 'debug', '--cache-dir', CACHE]
/** A whole Job, with a fault in it, on a busy machine. */
const LIMIT_MS = 90_000

export interface LabMember extends Member {
  readonly host: Host
}

export interface StartOptions {
  args?: readonly string[]
  /** Given, the peer is put together by rogue-peer.ts. */
  behaviour?: Behaviour
  bootstrap?: readonly string[]
  listen?: readonly string[]
}

/** A Job placed from a host of the lab, and watched there. */
export interface WatchedJob {
  readonly jobId: JobId
  readonly watcher: RealProcess
  /** Resolves when the watcher has heard that so many MicroJobs are computed. */
  processed(count: number): Promise<void>
  /** Waits for its end, and fetches what came of it. */
  finish(): Promise<{ bytes: Uint8Array; report: JobReport }>
}

/** Real processes on the hosts of a lab. */
export interface LabNetwork {
  readonly lab: Lab
  readonly directory: string
  startBootstrap(host: Host, args?: readonly string[]): Promise<LabMember>
  startPeer(host: Host, options?: StartOptions): Promise<LabMember>
  place(host: Host, draft: JobDraft, bootstrap: LabMember): Promise<WatchedJob>
  /** Where the client of that host keeps its log. */
  clientDir(host: Host): string
}

export async function startLabNetwork(t: Pick<TestContext, 'after'>): Promise<LabNetwork> {
  const processes: RealProcess[] = []
  const directory = await temporaryDirectory(t, () => Promise.all(processes.map((process) => process.kill())))
  const lab = await startLab(t)
  const start = (host: Host, entry: string, args: readonly string[]) => {
    const process = startProcess(entry, args, { within: host.within })
    processes.push(process)
    return process
  }
  const ready = async (process: RealProcess, host: Host, dataDir: string): Promise<LabMember> => {
    const { peer, addresses } = (await process.line(({ event }) => event === 'ready')) as unknown as Member
    return Object.assign(process, { peer, addresses: addresses.filter((at) => !at.includes('/127.0.0.1/')), dataDir, host })
  }
  const dataDirOf = (host: Host, kind = 'peer') => join(directory, `${host.name}-${kind}`)
  const listenAt = ({ ip }: Host) => `/ip4/${ip}/tcp/4617`

  return {
    lab,
    directory,
    clientDir: (host) => join(dataDirOf(host, 'cli'), 'client'),
    startBootstrap(host, more = []) {
      const dataDir = dataDirOf(host)
      const args = ['bootstrap', '--data-dir', dataDir, ...COMMON, '--listen', listenAt(host), ...more]
      return ready(start(host, CLI, args), host, dataDir)
    },
    startPeer(host, { args = [], behaviour, bootstrap = [], listen = [listenAt(host)] } = {}) {
      const dataDir = dataDirOf(host)
      if (behaviour !== undefined) {
        const settings = { dataDir, cacheDir: CACHE, logLevel: 'debug', listen, bootstrap }
        return ready(start(host, ROGUE, [JSON.stringify(settings), JSON.stringify(behaviour)]), host, dataDir)
      }
      const where = [...listen.flatMap((at) => ['--listen', at]), ...bootstrap.flatMap((at) => ['--bootstrap', at])]
      return ready(start(host, PEER, ['--data-dir', dataDir, ...COMMON, ...where, ...args]), host, dataDir)
    },
    async place(host, draft, bootstrap) {
      const path = join(directory, `${draft.name}.json`)
      await writeFile(`${path}.wgsl`, draft.code)
      if (draft.data) await writeFile(`${path}.data`, draft.data)
      await writeFile(path, jobFileOf(draft, `${path}.wgsl`, draft.data ? `${path}.data` : undefined))
      const common = ['--data-dir', dataDirOf(host, 'cli'), ...COMMON, '--bootstrap', bootstrap.addresses[0] as string]
      const watcher = start(host, CLI, ['place', path, '--no-check', '--watch', ...common])
      const { jobId } = (await watcher.line(({ type }) => type === 'job:placed')) as unknown as { jobId: JobId }
      return {
        jobId,
        watcher,
        processed: (count) => processed(watcher, count),
        async finish() {
          const finished = watcher.line(({ type }) => type === 'job:finished')
          const { state } = await within(finished, () => `the Job has not ended: ${lastWords(watcher)}`)
          assert.equal(state, 'agreed')
          await watcher.ended
          const out = join(directory, `${draft.name}-results`)
          const results = start(host, CLI, ['results', jobId, '--out', out, ...common])
          const { code } = await results.ended
          assert.equal(code, EXIT.ok, JSON.stringify(results.log.at(-1)))
          const bytes = await readFile(join(out, 'result.bin'))
          const signed = readSignedReport(await readFile(join(out, 'report.json')))
          assert.ok(signed)
          return { bytes, report: signed.report }
        },
      }
    },
  }
}

/** Each MicroJob once, validation ones not counted: they are the last of their MacroJob, and come when all others are there. */
function processed(watcher: RealProcess, count: number): Promise<void> {
  const heard = new Set<string>()
  const isEnough = watcher.line(({ type, macro, micro, state }) => {
    if (type === 'microjob:changed' && state === 'done') heard.add(`${macro}/${micro}`)
    return heard.size >= count
  })
  return within(isEnough, () => `${heard.size} MicroJobs of ${count}: ${lastWords(watcher)}`).then(() => {})
}

async function within<T>(promise: Promise<T>, words: () => string): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(words())), LIMIT_MS)
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer))
}

function lastWords({ printed, log }: RealProcess): string {
  return [...printed.slice(-4), ...log.slice(-4)].map((line) => JSON.stringify(line)).join('\n')
}
