import { availableParallelism, homedir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../clock.ts'
import type { Logger } from '../log.ts'
import type { BlockResult, Clock, Compute, ComputeBlock, Diagnostic, WgslProgram } from '../ports.ts'
import { confinement, type ResourceLimits } from './confinement.ts'
import { driverEnvironments } from './driver-environment.ts'
import { ShaderCompileError } from './errors.ts'
import { measureFingerprint } from './fingerprint.ts'
import { createLintCache } from './lint-cache.ts'
import type { AdapterChoice, AdapterReport } from './messages.ts'
import { openAdapterList, openChild } from './open-child.ts'
import { openPresentDevice } from './present-device.ts'
import { assemble, checkBlockLimits, checkBudget, checkProgramLimits } from './program.ts'
import { createRunner } from './runner.ts'
import { softwareDriver } from './software-driver.ts'

const GIB = 1024 ** 3

export interface ComputeComponents {
  logger: Logger
  /** For the limits of time. @default the machine's */
  clock?: Clock
}

export interface ComputeInit {
  /** @default 'auto', the fastest that answers */
  adapter?: AdapterChoice
  /** Where the software driver is unpacked. @default `~/.cache/minga` */
  cacheDirectory?: string
  /** All buffers of the device together. @default 1 GiB */
  maxBufferBytes?: number
  /** @default 10 s: 64 KiB of plain statements take about half of that on a slow core */
  compileTimeoutMs?: number
  /** From asking an overdue block to stop, between two dispatches, until SIGKILL. @default 500 */
  graceMs?: number
  /** The time one dispatch aims at. @default 80: cost varies within a block, and 250 ms is the most we want before Windows' 2 s */
  sliceTargetMs?: number
  /** @default 10,000 */
  recycleAfterBlocks?: number
  /** CPU time of one child; it is replaced at half of it, the kernel ends it at the whole. @default 12 hours of each core */
  maxCpuSeconds?: number
  /** Compiled programs kept. @default 32 */
  maxPipelines?: number
  /** Run the child in a network namespace of its own, where the system can. @default true */
  isolateNetwork?: boolean
  /** What the driver needs of the environment, `VK_DRIVER_FILES` for example; nothing else is passed on. @default none */
  driverEnvironment?: Readonly<Record<string, string>>
}

const defaultCpuSeconds = () => 12 * 3600 * availableParallelism()

/** Blocks of one run that wait or run at a time; the rest stay with the caller. */
const AHEAD = 3

/** Opens the device in a child process. Throws NoAdapterError, ComputeCrashedError. */
export async function createCompute({ logger, clock = systemClock }: ComputeComponents, init: ComputeInit = {}): Promise<Compute> {
  const { adapter = 'auto', maxBufferBytes = GIB, sliceTargetMs = 80, maxCpuSeconds = defaultCpuSeconds() } = init
  const dataBytes = dataLimit(maxBufferBytes)
  const surroundings = await findSurroundings(init, { dataBytes, cpuSeconds: maxCpuSeconds })
  const lintOnce = createLintCache()
  const device = await openPresentDevice({
    logger,
    openChild: () => openChild({ ...surroundings, adapter, maxBufferBytes, sliceTargetMs }),
    measureFingerprint: () => measureFingerprint(run),
  })
  const runner = createRunner(
    { logger, clock, open: device.takeChild },
    {
      compileTimeoutMs: init.compileTimeoutMs ?? 10_000,
      graceMs: init.graceMs ?? 500,
      maxBufferBytes,
      recycleAfterBlocks: init.recycleAfterBlocks ?? 10_000,
      recycleAfterCpuSeconds: maxCpuSeconds / 2,
      maxPipelines: init.maxPipelines ?? 32,
    },
  )

  async function check(program: WgslProgram, { signal }: { signal?: AbortSignal } = {}): Promise<Diagnostic[]> {
    const source = assemble(program)
    checkProgramLimits(program, device.limits())
    const findings = lintOnce(source, program)
    return [...findings, ...(await runner.prepare({}, source, signal))]
  }

  async function run(program: WgslProgram, blocks: readonly ComputeBlock[], options: RunOptions): Promise<BlockResult[]> {
    const source = assemble(program)
    checkProgramLimits(program, device.limits())
    checkBudget(options.budgetMs)
    for (const block of blocks) checkBlockLimits(program, block, device.limits(), maxBufferBytes)
    const findings = lintOnce(source, program)
    if (findings.some(({ severity }) => severity === 'error')) throw new ShaderCompileError(findings)
    const lane = {}
    const failed = new AbortController()
    const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])])
    const { budgetMs, leastDispatches } = options
    const limits = { budgetMs, ...(leastDispatches !== undefined && { leastDispatches }) }
    const runBlock = (block: ComputeBlock) => runner.runBlock(lane, source, { program, block, ...limits }, signal)
    try {
      return await inOrder(blocks, runBlock, options.onBlock)
    } finally {
      failed.abort()
    }
  }

  return {
    device: device.report,
    check,
    run,
    async stop() {
      await runner.stop()
      await device.stop()
    },
  }
}

type RunOptions = Parameters<Compute['run']>[2]

/** Runs `task` over the blocks, a few ahead, and hands each result on in order. */
async function inOrder(
  blocks: readonly ComputeBlock[],
  task: (block: ComputeBlock) => Promise<BlockResult>,
  onBlock: RunOptions['onBlock'],
): Promise<BlockResult[]> {
  const results: BlockResult[] = []
  const ahead: Promise<BlockResult>[] = []
  for (let next = 0; results.length < blocks.length; ) {
    while (next < blocks.length && ahead.length < AHEAD) {
      const promise = task(blocks[next++]!)
      // the first failure is the one thrown; those behind it are not unhandled
      promise.catch(() => {})
      ahead.push(promise)
    }
    const result = await ahead.shift()!
    onBlock?.(results.length, result)
    results.push(result)
  }
  return results
}

/** Every adapter that this machine shows, for `minga doctor`. Throws ComputeCrashedError. */
export async function listAdapters(init: ComputeInit = {}): Promise<AdapterReport[]> {
  return openAdapterList(await findSurroundings(init, { dataBytes: dataLimit(GIB), cpuSeconds: 60 }))
}

/** Buffers live up to three times on a software driver (device, staging, the child's copy), beside 2 GiB for driver and compiler. */
const dataLimit = (maxBufferBytes: number) => 2 * GIB + 3 * maxBufferBytes

async function findSurroundings({ cacheDirectory, driverEnvironment, isolateNetwork = true }: ComputeInit, limits: ResourceLimits) {
  const [driver, wrapper] = await Promise.all([
    softwareDriver(cacheDirectory ?? join(homedir(), '.cache', 'minga')),
    confinement(limits, isolateNetwork),
  ])
  return { wrapper, environments: driverEnvironments(driver, driverEnvironment) }
}

export type { AdapterChoice, AdapterReport } from './messages.ts'
