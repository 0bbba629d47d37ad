import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { makeDirectory } from '../../src/directories-node.ts'
import { type Probed, probeBranches } from './branches.ts'
import { ROOT, runHardhat } from './hardhat.ts'

/*
 * `npm run contracts:coverage`: which branches of the contracts the tests on Hardhat's chain take: both of each `if`, and both outcomes of each loop's
 * condition, each `? :` and each operand of `&&` and `||`. Fails below 95 %.
 */

const LEAST = 0.95
const COPY = '.cache/probed-contracts'
/** Nothing of ours (generated), or nothing that is deployed. */
const LEFT_OUT = /^(test|verifiers)\//

const sources = globSync('**/*.sol', { cwd: join(ROOT, 'contracts') }).filter((path) => !LEFT_OUT.test(path))
const probed = await writeCopy()
process.env.MINGA_CONTRACTS = COPY
const { status, output } = runHardhat(['test', 'nodejs', '--coverage'], 'pipe')
if (status !== 0) {
  process.stdout.write(output)
  process.exit(status)
}
const share = report(hitLines(readFileSync(join(ROOT, 'coverage/lcov.info'), 'utf8')))
process.exitCode = share >= LEAST ? 0 : 1

async function writeCopy(): Promise<Map<string, Probed>> {
  rmSync(join(ROOT, COPY), { recursive: true, force: true })
  await makeDirectory(join(ROOT, COPY))
  cpSync(join(ROOT, 'contracts'), join(ROOT, COPY), { recursive: true })
  const asts = parse()
  const found = new Map<string, Probed>()
  for (const path of sources) {
    const result = probeBranches(readFileSync(join(ROOT, 'contracts', path), 'utf8'), asts[`contracts/${path}`]!.ast)
    writeFileSync(join(ROOT, COPY, path), result.source)
    if (result.branches.size > 0) found.set(path, result)
  }
  return found
}

function parse(): Record<string, { ast: unknown }> {
  const solc = createRequire(import.meta.url)('solc') as { compile(input: string, callbacks: object): string }
  const content = (path: string) => readFileSync(join(ROOT, path.startsWith('@') ? 'node_modules' : '', path), 'utf8')
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(sources.map((path) => [`contracts/${path}`, { content: content(`contracts/${path}`) }])),
    settings: { outputSelection: { '*': { '': ['ast'] } } },
  }
  const callbacks = { import: (path: string) => ({ contents: content(path) }) }
  return JSON.parse(solc.compile(JSON.stringify(input), callbacks)).sources
}

/** The lines that were run, by source below the copy. */
function hitLines(lcov: string): Map<string, Set<number>> {
  const hits = new Map<string, Set<number>>()
  let lines = new Set<number>()
  for (const text of lcov.split('\n')) {
    const source = /^SF:.*probed-contracts\/(.*)$/.exec(text)
    if (source !== null) {
      lines = new Set()
      hits.set(source[1]!, lines)
    }
    const line = /^DA:(\d+),(\d+)/.exec(text)
    if (line !== null && line[2] !== '0') lines.add(Number(line[1]))
  }
  return hits
}

function report(hits: Map<string, Set<number>>): number {
  let [taken, total] = [0, 0]
  for (const [path, { branches }] of probed) {
    const missed = [...branches].filter(([line]) => !hits.get(path)?.has(line)).map(([, branch]) => branch)
    taken += branches.size - missed.length
    total += branches.size
    const never = missed.map(({ line, taken: way, condition = 'if' }) => `line ${line} (${condition}) never ${way}`).join(', ')
    console.log(`${path.padEnd(36)} ${branches.size - missed.length} of ${branches.size} branches${never && `: ${never}`}`)
  }
  console.log(`${'all'.padEnd(36)} ${taken} of ${total} branches, ${((100 * taken) / total).toFixed(1)} %`)
  return taken / total
}
