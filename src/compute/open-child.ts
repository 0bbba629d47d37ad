import { rm, writeFile } from 'node:fs/promises'
import type { Abortable } from '../ports.ts'
import { type ComputeChild, startChild } from './compute-child.ts'
import { ComputeCrashedError, NoAdapterError } from './errors.ts'
import type { AdapterReport, ChildInit, FromChild, ReadyMessage } from './messages.ts'
import { createExchangeDirectory } from './payload.ts'

/** Starting takes 50–200 ms; a driver that compiles its own kernels at first use may take seconds. */
const START_TIMEOUT_MS = 30_000

export interface OpenChildInit extends Omit<ChildInit, 'exchangeDirectory'> {
  wrapper: readonly string[]
  /** The environments to try in turn (see `driverEnvironments`). */
  environments: readonly Readonly<Record<string, string>>[]
}

/** A child with its device open. */
export interface OpenChild extends ComputeChild {
  readonly ready: ReadyMessage
  readonly exchangeDirectory: string
}

/** Starts a child in the first environment where an adapter answers. Throws NoAdapterError, ComputeCrashedError. */
export async function openChild(init: OpenChildInit, { signal }: Abortable = {}): Promise<OpenChild> {
  const { wrapper, environments, ...settings } = init
  const tried: string[] = []
  for (const environment of environments) {
    signal?.throwIfAborted()
    const exchangeDirectory = await createExchangeDirectory()
    const child = startChild({ wrapper, environment, init: { ...settings, exchangeDirectory } })
    const answer = await firstMessage(child)
    if (answer.kind === 'ready') {
      await preferAsVictim(child.pid)
      return { ...child, ready: answer, exchangeDirectory }
    }
    await dispose({ ...child, exchangeDirectory })
    tried.push(answer.kind === 'no-adapter' ? answer.found : `unexpected ${answer.kind}`)
  }
  throw new NoAdapterError(`${process.platform}-${process.arch}`, tried)
}

/** Where memory runs out, Linux then ends the child rather than the peer. Elsewhere, and where it is forbidden, nothing is lost. */
async function preferAsVictim(pid: number): Promise<void> {
  if (process.platform === 'linux') await writeFile(`/proc/${pid}/oom_score_adj`, '1000').catch(() => {})
}

/** Every adapter that answers in any of the environments, once. Throws ComputeCrashedError. */
export async function openAdapterList({
  wrapper,
  environments,
}: Pick<OpenChildInit, 'wrapper' | 'environments'>): Promise<AdapterReport[]> {
  const found = new Map<string, AdapterReport>()
  for (const environment of environments) {
    const child = startChild({ wrapper, environment, init: { list: true } })
    const answer = await firstMessage(child).finally(() => child.kill())
    for (const adapter of answer.kind === 'adapters' ? answer.adapters : []) found.set(JSON.stringify(adapter), adapter)
  }
  return [...found.values()]
}

/** Kills the child and removes its exchange folder. */
export async function dispose(child: Pick<OpenChild, 'hold' | 'kill' | 'ended' | 'exchangeDirectory'>): Promise<void> {
  child.hold(true)
  child.kill()
  await child.ended
  await rm(child.exchangeDirectory, { recursive: true, force: true })
}

function firstMessage(child: ComputeChild): Promise<FromChild> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill(), START_TIMEOUT_MS)
    child.onMessage((message) => {
      clearTimeout(timer)
      resolve(message)
    })
    child.ended.then((detail) => {
      clearTimeout(timer)
      reject(new ComputeCrashedError(`at its start, ${detail}`))
    })
  })
}
