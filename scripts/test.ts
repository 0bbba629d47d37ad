import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/*
 * `npm test [-- <pattern>…]` runs all tests, or the files that match. A test says nothing unless it fails; the last line counts.
 */

// Tests start processes of their own, so more files at once than cores would only make their timeouts tight.
const CONCURRENCY = 2
// The longest tests simulate a few hundred networks; a test that takes longer than this hangs.
const TIMEOUT_MS = 120_000

const patterns = process.argv.slice(2).map((pattern) => (/[*.]/.test(pattern) ? pattern : `${pattern.replace(/\/$/, '')}/**/*.test.ts`))
const { status } = spawnSync(
  process.execPath,
  [
    '--test',
    `--test-concurrency=${CONCURRENCY}`,
    `--test-timeout=${TIMEOUT_MS}`,
    // A failed test may leave a child or a timer behind, and its file must end all the same.
    '--test-force-exit',
    `--test-reporter=${fileURLToPath(import.meta.resolve('./test-reporter.ts'))}`,
    ...(patterns.length > 0 ? patterns : ['test/**/*.test.ts']),
  ],
  { stdio: 'inherit' },
)
process.exitCode = status ?? 1
