import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { promisify } from 'node:util'
import { buildFolder } from './build-folder.ts'

/** Build output, git-ignored; every folder in it is named after what it was made from. */
export const CACHE = resolve(import.meta.dirname, '../../.cache/circuits')
export const CIRCUITS = resolve(import.meta.dirname, '../../circuits')

const require = createRequire(import.meta.url)
const COMPILER = require.resolve('circom2/cli.js')
const PACKAGES = dirname(dirname(require.resolve('circomlib/package.json')))
const HASH_DIGITS = 16
const MAX_OUTPUT_BYTES = 16 << 20

export interface CompileInit {
  /** Becomes part of the folder's name. */
  name: string
  /** The text of the file with the main component; its includes are found below circuits/ and in circomlib. */
  source: string
  /** 2 for keys; 1, circom's default, doubles the proving time and is good enough for unit tests. */
  optimization: 1 | 2
}

export interface Compiled {
  folder: string
  r1cs: string
  wasm: string
  /** Names of the wires. */
  symbols: string
}

/**
 * The circuit, compiled by circom with its own inspection as a gate: a warning throws. What was compiled before from the same sources, by the same
 * versions and flags, is taken as it is.
 */
export async function compileCircuit({ name, source, optimization }: CompileInit): Promise<Compiled> {
  const folder = await buildFolder(join(CACHE, `${name}-${hashOfSources(source, optimization)}`), async (scratch) => {
    const main = join(scratch, 'circuit.circom')
    writeFileSync(main, source)
    await runCompiler(main, scratch, optimization)
    renameSync(join(scratch, 'circuit_js/circuit.wasm'), join(scratch, 'circuit.wasm'))
    rmSync(join(scratch, 'circuit_js'), { recursive: true })
  })
  return { folder, r1cs: join(folder, 'circuit.r1cs'), wasm: join(folder, 'circuit.wasm'), symbols: join(folder, 'circuit.sym') }
}

/** The main component of a size class, with its include as seen from circuits/. */
export function mainSource(path: string): string {
  return readFileSync(path, 'utf8').replace('"../settlement.circom"', '"settlement.circom"')
}

async function runCompiler(main: string, output: string, optimization: 1 | 2): Promise<void> {
  // The compiler runs in a sandbox of WebAssembly that sees the working directory and what is above it, by relative paths.
  const cwd = resolve(CIRCUITS, '..')
  const path = (absolute: string) => relative(cwd, absolute)
  const flags = [`--O${optimization}`, '--r1cs', '--wasm', '--sym', '--inspect', '-l', path(CIRCUITS), '-l', path(PACKAGES)]
  const args = ['--no-warnings', COMPILER, ...flags, '-o', path(output), path(main)]
  const run = promisify(execFile)(process.execPath, args, { cwd, maxBuffer: MAX_OUTPUT_BYTES })
  const { stdout, stderr } = await run.catch((error: { stdout?: string; stderr?: string }) => {
    throw new Error(`expected circom to compile ${basename(main)}:\n${error.stdout}${error.stderr}`, { cause: error })
  })
  if (/warning/i.test(stdout + stderr)) throw new Error(`expected circom --inspect to find nothing:\n${stdout}${stderr}`)
}

function hashOfSources(source: string, optimization: number): string {
  const hash = createHash('sha256').update(`${source}\0${optimization}\0`)
  for (const file of globSync('**/*.circom', { cwd: CIRCUITS, exclude: ['main/**'] }).sort()) {
    hash.update(`${file}\0${readFileSync(join(CIRCUITS, file), 'utf8')}\0`)
  }
  for (const name of ['circom2', 'circomlib']) hash.update(readFileSync(require.resolve(`${name}/package.json`)))
  return hash.digest('hex').slice(0, HASH_DIGITS)
}
