import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface RunOptions {
  /** Added to an environment that has only PATH and a home that holds no configuration. */
  env?: Record<string, string>
  cwd?: string
}

export const CLI = fileURLToPath(new URL('../../src/cli.ts', import.meta.url))

/** What every test's process sees: nothing of the developer's own settings. */
export const cleanEnv = {
  PATH: process.env.PATH ?? '',
  HOME: '/nonexistent',
  XDG_DATA_HOME: '',
  TZ: 'UTC',
  // The test runner's (scripts/test.ts), so that each process starts sooner.
  ...(process.env.NODE_COMPILE_CACHE !== undefined && { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE }),
}

/** Runs `minga` with these arguments as a real process and waits for its end. */
export async function minga(args: readonly string[], { env = {}, cwd }: RunOptions = {}): Promise<Ended> {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...cleanEnv, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  })
  return ended(child)
}

/** What a child printed and how it ended. */
export async function ended(child: ReturnType<typeof spawn>): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

/** Resolves when the child has printed `text` on stdout. */
export async function printed(child: ReturnType<typeof spawn>, text: string): Promise<void> {
  let seen = ''
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      seen += part
      if (seen.includes(text)) resolve()
    })
    child.on('close', () => reject(new Error(`ended without ${JSON.stringify(text)}, printed ${JSON.stringify(seen)}`)))
  })
}
