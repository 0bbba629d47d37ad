import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { makeDirectory } from '../../src/directories-node.ts'
import { COMMITTED, expectedArtifacts } from './artifacts.ts'
import { ROOT, runHardhat } from './hardhat.ts'

/*
 * `npm run contracts`: compiles the contracts with npm's solc and writes what is committed of them. A second run finds nothing to do.
 */

const { status } = runHardhat(['build'])
if (status !== 0) process.exit(status)
await makeDirectory(COMMITTED)
for (const [name, text] of expectedArtifacts()) {
  const path = join(COMMITTED, name)
  if (textOf(path) === text) continue
  writeFileSync(path, text)
  console.log(`wrote ${relative(ROOT, path)}`)
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
