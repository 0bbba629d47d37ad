import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { Abortable } from '../../ports.ts'
import { AnvilFailedError, AnvilMissingError, DevnetStateError } from '../errors.ts'
import { type Mortal, spawnMortal } from './mortal.ts'

/** It listens after 65 ms on an idle machine; a busy one with a large state takes its time. */
const START_TIMEOUT_MS = 30_000
/** From the request to end until it is made to. */
const STOP_TIMEOUT_MS = 5_000
/** The most of its output that an error shows. */
const MAX_OUTPUT_CHARS = 2_000

const ARCHITECTURES: Partial<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }

/** The path of the chain's binary, which npm brings for this platform. Throws AnvilMissingError. */
export function anvilPath(platform: string = process.platform, arch: string = process.arch): string {
  const name = `@foundry-rs/anvil-${platform}-${ARCHITECTURES[arch] ?? arch}`
  try {
    const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
    return join(folder, 'bin', platform === 'win32' ? 'anvil.exe' : 'anvil')
  } catch (error) {
    throw new AnvilMissingError(name, error)
  }
}

export interface Anvil {
  readonly url: string
  readonly port: number
  readonly pid: number
  /** Resolves when the process is gone, however it ended. */
  readonly ended: Promise<void>
  /** Ends it; idempotent. */
  stop(): Promise<void>
}

export interface AnvilInit extends Abortable {
  /** 0 takes a free one. */
  port: number
  chainId: number
  /** Its accounts are rich. */
  mnemonic: string
  accounts: number
  /** A state that it dumped before. */
  loadState?: string
}

/** Starts a development chain on the loopback that mines each transaction at once, and ends with this process. Throws AnvilMissingError, AnvilFailedError, DevnetStateError. */
export async function startAnvil({ port, chainId, mnemonic, accounts, loadState, signal }: AnvilInit): Promise<Anvil> {
  signal?.throwIfAborted()
  const path = anvilPath()
  const args = ['--host', '127.0.0.1', '--port', port, '--chain-id', chainId, '--accounts', accounts, '--mnemonic', mnemonic]
  const child = spawnMortal(path, [...args.map(String), ...(loadState === undefined ? [] : ['--load-state', loadState])])
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()))
  try {
    const listening = await listeningPort(child, path, { loadState, signal })
    // Its log of all requests is of no use, but a full pipe would stop it.
    child.stdout.resume()
    child.stderr.resume()
    return { url: `http://127.0.0.1:${listening}`, port: listening, pid: child.pid!, ended, stop: () => end(child, ended) }
  } catch (error) {
    await end(child, ended)
    throw error
  }
}

async function listeningPort(child: Mortal, path: string, { loadState, signal }: Pick<AnvilInit, 'loadState' | 'signal'>): Promise<number> {
  let output = ''
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const fail = (found: string, cause?: unknown) => {
    const unread = /'--load-state <PATH>': ([^\n]*)/.exec(output)?.[1]
    const isState = loadState !== undefined && unread !== undefined
    reject(
      isState
        ? new DevnetStateError(loadState, `a file of which the chain says: ${unread}`)
        : new AnvilFailedError(path, `${found}: ${output.trim()}`, cause),
    )
  }
  const read = (text: Buffer) => {
    output = `${output}${text}`.slice(-MAX_OUTPUT_CHARS)
    const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(output)?.[1]
    if (port !== undefined) resolve(Number(port))
  }
  const abort = () => reject(signal?.reason)
  const timer = setTimeout(() => fail(`silence for ${START_TIMEOUT_MS} ms`), START_TIMEOUT_MS)
  child.stdout.on('data', read)
  child.stderr.on('data', read)
  child.once('error', (error) => fail('a file that cannot be run', error))
  child.once('close', (code) => fail(`its end with ${code}`))
  signal?.addEventListener('abort', abort, { once: true })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', abort)
    child.stdout.off('data', read)
    child.stderr.off('data', read)
  }
}

async function end(child: Mortal, ended: Promise<void>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
  await ended
  clearTimeout(timer)
}
