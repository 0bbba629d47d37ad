import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { closingLine, type FileCount } from './test-reporter.ts'

/*
 * `npm test [-- <pattern>…]` runs all tests, or the files that match. A test says nothing unless it fails; the last line counts.
 * With `--again` a few files that failed are run once more, alone: tests over real processes may starve on a machine that somebody else keeps busy.
 * What failed at first is named all the same.
 */

// Tests start processes of their own: three files at once, on two cores, made some of their timeouts tight.
const CONCURRENCY = 2
// The longest tests simulate a few hundred networks; a test that takes longer than this hangs.
const TIMEOUT_MS = 180_000
/** More than this is no accident. */
const MAX_AGAIN = 6

const again = process.argv.includes('--again')
const patterns = process.argv
  .slice(2)
  .filter((argument) => argument !== '--again')
  .map((pattern) => (/[*.]/.test(pattern) ? pattern : `${pattern.replace(/\/$/, '')}/**/*.test.ts`))
/** Tests start hundreds of processes, and each would strip the types of the same files again: a third of the second of CPU that a start takes. */
const compileCache = join(tmpdir(), 'minga-test-compile-cache')
const scratch = mkdtempSync(join(tmpdir(), 'minga-test-'))

try {
  const first = run(patterns.length > 0 ? patterns : ['test/**/*.test.ts'], CONCURRENCY)
  let { status } = first
  const counts = new Map(first.counts)
  const failed = first.counts.filter(([, { failed }]) => failed > 0).map(([file]) => file)
  if (again && failed.length > 0 && failed.length <= MAX_AGAIN) {
    const names = failed.map((file) => relative('.', file)).join(', ')
    process.stdout.write(`\nrun again, alone: ${names}\n`)
    const second = run(failed, 1)
    for (const [file, count] of second.counts) counts.set(file, count)
    status = second.status
    if (status === 0) process.stdout.write(`\nfailed at first, and passed alone: ${names}\n`)
  }
  process.stdout.write(closingLine([...counts.values()]))
  process.exitCode = status
} finally {
  rmSync(scratch, { recursive: true, force: true })
}

function run(files: readonly string[], concurrency: number): { status: number; counts: [string, FileCount][] } {
  const countsPath = join(scratch, 'counts.json')
  rmSync(countsPath, { force: true })
  const { status } = spawnSync(
    process.execPath,
    [
      '--test',
      `--test-concurrency=${concurrency}`,
      `--test-timeout=${TIMEOUT_MS}`,
      `--import=${import.meta.resolve('./test-end.ts')}`,
      `--test-reporter=${fileURLToPath(import.meta.resolve('./test-reporter.ts'))}`,
      ...files,
    ],
    { stdio: 'inherit', env: { NODE_COMPILE_CACHE: compileCache, ...process.env, TEST_COUNTS_FILE: countsPath } },
  )
  return { status: status ?? 1, counts: readCounts(countsPath) }
}

function readCounts(path: string): [string, FileCount][] {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as [string, FileCount][]
  } catch {
    // The runner itself broke, and has said so; its exit status stands.
    return []
  }
}
