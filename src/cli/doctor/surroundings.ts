import { stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, availableParallelism, platform, totalmem } from 'node:os'
import { formatBytes } from '../../config/units.ts'
import type { Check } from './check.ts'

/** What this machine brings to a peer. */
export function checkMachine(): Check {
  const cores = availableParallelism()
  const memoryBytes = totalmem()
  const facts = { platform: platform(), arch: arch(), cores, memoryBytes }
  const found = `${platform()} ${arch()}, ${cores} cores, ${formatBytes(memoryBytes)} of memory`
  // A peer takes some 200 MB, its compute child as much again, a Job's blocks the rest.
  if (memoryBytes < 2 ** 30)
    return { name: 'machine', status: 'warn', found, fix: 'at least 1 GiB of memory; lower compute.maxBytes here', facts }
  return { name: 'machine', status: 'ok', found, facts }
}

/** Packages that are only installed where they fit the platform. */
export function checkOptional(): Check {
  const require = createRequire(import.meta.url)
  const wanted: Readonly<Record<string, string>> = {
    [`node-${platform() === 'win32' ? 'win' : platform()}-${arch()}`]: 'our own Node',
    ...(platform() === 'linux' && arch() === 'x64' ? { '@sparticuz/chromium': 'the software driver, for machines without a GPU' } : {}),
  }
  const missing = Object.entries(wanted).filter(([name]) => !isInstalled(require, name))
  const facts = { missing: missing.map(([name]) => name) }
  if (missing.length === 0) return { name: 'optional', status: 'ok', found: Object.values(wanted).join(' and '), facts }
  const found = `missing: ${missing.map(([name, what]) => `${name} (${what})`).join(', ')}`
  return { name: 'optional', status: 'warn', found, fix: '`npm install --include=optional`, unless you left them out on purpose', facts }
}

function isInstalled(require: NodeJS.Require, name: string): boolean {
  return (require.resolve.paths(name) ?? []).some((folder) => {
    try {
      return require.resolve(`${folder}/${name}/package.json`) !== ''
    } catch {
      return false
    }
  })
}

/** Deadlines and certificates need a clock that is roughly right; no network is asked. */
export async function checkClock(): Promise<Check> {
  const { mtimeMs } = await stat(new URL('../../../package.json', import.meta.url))
  const now = new Date()
  const facts = { now: now.toISOString() }
  // A day of grace: the file may have been made in another time zone's clock.
  if (now.getTime() < mtimeMs - 8.64e7) {
    return {
      name: 'clock',
      status: 'fail',
      found: `${facts.now}, before Minga was installed`,
      fix: 'set the clock, or let the system set it (NTP)',
      facts,
    }
  }
  return { name: 'clock', status: 'ok', found: facts.now, facts }
}
