import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { type Lockfile, missingPackages, skippedPackages } from '../../scripts/complete-lockfile.ts'

const read = (file: string) => JSON.parse(readFileSync(resolve(import.meta.dirname, '../..', file), 'utf8'))

describe('package-lock.json', () => {
  it('has every optional package of every platform, or `npm ci` would refuse it', () => {
    assert.deepEqual(missingPackages(read('package-lock.json') as Lockfile), {})
  })

  it('has no optional package that `npm ci` would skip because npm runs on an older Node than we do', () => {
    assert.deepEqual(skippedPackages(read('package-lock.json') as Lockfile), [])
  })

  it('brings a Node for each platform, by its own name', () => {
    const { optionalDependencies } = read('package.json')
    for (const platform of ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64', 'win-x64']) {
      assert.match(optionalDependencies[`node-${platform}`], /^(npm:node-bin-[\w-]+@)?\^24\./)
    }
  })

  it('runs no install script that is needed: those that have one are known', () => {
    const { packages } = read('package-lock.json') as { packages: Record<string, { hasInstallScript?: boolean }> }
    // All of these carry prebuilt binaries in their packages.
    const scripted = Object.entries(packages).flatMap(([path, { hasInstallScript }]) =>
      hasInstallScript ? [path.replace(/.*node_modules\//, '')] : [],
    )
    for (const name of scripted)
      assert.ok(
        ['classic-level', 'esbuild', 'msgpackr-extract', 'webgpu'].includes(name),
        `${name} has an install script: does it work without?`,
      )
  })
})
