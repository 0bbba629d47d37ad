import { spawnSync } from 'node:child_process'

/*
 * `npm run check`: everything that must hold before a change is offered, all of it even where an early part fails.
 * `npm run check -- static` leaves out the tests.
 */

const steps: readonly (readonly [name: string, command: string])[] = [
  ['format, lint and import cycles', 'biome check --error-on-warnings'],
  ['types', 'tsc -p tsconfig.json'],
  ['fences', 'node scripts/check-fences.ts'],
  ['dead code', 'knip'],
  ['browser bundle', 'node scripts/bundle-client.ts'],
  ['tests', 'node scripts/test.ts'],
]

const failed: string[] = []
for (const [name, command] of steps) {
  if (name === 'tests' && process.argv[2] === 'static') continue
  const started = performance.now()
  // npm puts node_modules/.bin in front of the PATH, so `node` is ours where there is one.
  const { status } = spawnSync(command, { shell: true, stdio: 'inherit' })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  console.log(`${status === 0 ? '✔' : '✖'} ${name} (${seconds} s)\n`)
  if (status !== 0) failed.push(name)
}
console.log(failed.length === 0 ? 'all checks hold' : `these do not hold: ${failed.join('; ')}`)
process.exitCode = failed.length === 0 ? 0 : 1
