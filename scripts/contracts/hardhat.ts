import { spawnSync } from 'node:child_process'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = resolve(import.meta.dirname, '../..')
/** Where Hardhat puts what it builds (hardhat.config.ts). */
export const BUILT = join(ROOT, '.cache/contracts')

/** Runs Hardhat in the repository's root, on this Node and without telemetry. Gives its exit status, and its output where it is not inherited. */
export function runHardhat(args: readonly string[], stdio: 'inherit' | 'pipe' = 'inherit'): { status: number; output: string } {
  const cli = join(dirname(fileURLToPath(import.meta.resolve('hardhat/package.json'))), 'dist/src/cli.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], {
    cwd: ROOT,
    stdio,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    // A runner of Node's that is started inside of another reports to it, instead of running anything.
    env: { ...process.env, HARDHAT_DISABLE_TELEMETRY: 'true', NODE_TEST_CONTEXT: undefined },
  })
  return { status: status ?? 1, output: `${stdout ?? ''}${stderr ?? ''}` }
}
