import { execFile } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { promisify } from 'node:util'
import { DevnetRunningError } from '../errors.ts'
import { writeWhole } from './files.ts'

interface Processes {
  devnet: number
  anvil: number
}

/**
 * Ends the chain that a devnet left behind when it was killed and the chain's guard had no time yet, or was killed too: it would hold the port, with a
 * state that nobody keeps. Throws DevnetRunningError where that devnet lives. A process is only taken for one of these where its command line says so,
 * since ids are used again.
 */
export async function clearLeftovers(path: string, chainFile: string): Promise<void> {
  const found = await read(path)
  if (found === undefined) return
  if (found.devnet !== process.pid && (await commandOf(found.devnet)).includes('devnet'))
    throw new DevnetRunningError(chainFile, found.devnet)
  if ((await commandOf(found.anvil)).includes('anvil')) await kill(found.anvil)
  await rm(path, { force: true })
}

export function rememberProcesses(path: string, anvil: number): Promise<void> {
  return writeWhole(path, JSON.stringify({ devnet: process.pid, anvil } satisfies Processes))
}

async function read(path: string): Promise<Processes | undefined> {
  try {
    const { devnet, anvil } = JSON.parse(await readFile(path, 'utf8')) as Processes
    return Number.isSafeInteger(devnet) && Number.isSafeInteger(anvil) && devnet > 1 && anvil > 1 ? { devnet, anvil } : undefined
  } catch {
    return undefined
  }
}

/** '' where there is no such process, or no way to know. */
async function commandOf(pid: number): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)]).catch(() => ({ stdout: '' }))
  return stdout
}

/** It has no state to save that anyone would load. */
async function kill(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    return
  }
  // Its port is free when it is gone; it is no child of ours, so nothing tells but looking.
  for (let tries = 0; tries < 100 && (await commandOf(pid)).includes('anvil'); tries++)
    await new Promise((resolve) => setTimeout(resolve, 20))
}
