import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'

/*
 * `npm ci` refuses a lockfile in which an optional package of another platform is missing, and npm leaves out those that a registry did
 * not give at the time. This adds them, with the version that their parent names; `node scripts/complete-lockfile.ts` after `npm install`.
 * And npm silently skips an optional package that asks for a newer Node than npm itself runs on, though it would run on the Node that we bring:
 * such a demand is struck out.
 */

interface LockedPackage {
  version?: string
  cpu?: string
  os?: string
  dev?: boolean
  optional?: boolean
  optionalDependencies?: Record<string, string>
  engines?: Record<string, string>
}

export interface Lockfile {
  packages: Record<string, LockedPackage>
}

/** What others call a CPU, by Node's name (process.arch). */
const CPU_NAMES: Record<string, string> = { amd64: 'x64' }

/** The packages that are named as optional for some platform and have no entry, by the path that they would have. */
export function missingPackages({ packages }: Lockfile): Record<string, LockedPackage> {
  const missing: Record<string, LockedPackage> = {}
  for (const [parent, { optionalDependencies = {}, dev }] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const isThere = [`node_modules/${name}`, `${parent}/node_modules/${name}`].some((path) => packages[path] !== undefined)
      if (isThere) continue
      const [, os, cpu] = /(android|darwin|linux|win32|freebsd|openharmony)-([a-z0-9]+)/.exec(name) ?? []
      if (os === undefined || !/^\d+\.\d+\.\d+$/.test(version))
        throw new Error(`${name}@${version} of ${parent} fits no platform that is known here`)
      missing[`node_modules/${name}`] = { version, cpu: CPU_NAMES[cpu!] ?? cpu, ...(dev ? { dev } : {}), optional: true, os }
    }
  }
  return missing
}

/** The optional packages that `npm ci` on a Node 20 would skip for its age alone. */
export function skippedPackages({ packages }: Lockfile): LockedPackage[] {
  return Object.values(packages).filter(({ optional, engines }) => optional && /^>= ?2[1-9]/.test(engines?.node ?? ''))
}

if (import.meta.main) {
  const path = resolve(import.meta.dirname, '../package-lock.json')
  const lockfile = JSON.parse(readFileSync(path, 'utf8')) as Lockfile
  const missing = missingPackages(lockfile)
  for (const skipped of skippedPackages(lockfile)) delete skipped.engines
  const { '': root, ...rest } = { ...lockfile.packages, ...missing }
  const sorted = Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)))
  writeFileSync(path, `${JSON.stringify({ ...lockfile, packages: { '': root, ...sorted } }, undefined, 2)}\n`)
  console.log(`${Object.keys(missing).length} optional packages added`)
}
