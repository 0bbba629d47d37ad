/**
 * `npm run bench`: figures of this machine, each beside its limit in the same run. They are ratios: a figure of another machine, or of another hour of
 * this one, says nothing beside them.
 */
import { writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { makeDirectory } from '../../src/directories-node.ts'
import { type Figure, type FigureDefinition, judgeRow } from './figure.ts'
import { FIGURES } from './figures.ts'
import { describeMachine, type Machine, showMachine } from './machine.ts'
import { renderFigures, renderMarkdown } from './table.ts'

const HELP = `usage: npm run bench -- [options]

  --only <ids>      some figures: --only 1,3
  --quick           one short round each: shows that everything runs, its numbers say little
  --json            print JSON instead of the table
  --markdown        print the table as Markdown
  --out <dir>       where the JSON files go (default: out/bench)
  --profile <dir>   measured processes write CPU profiles there; they are slower then

${FIGURES.map(({ id, title }) => `  (${id}) ${title}`).join('\n')}
`

interface Result {
  machine: Machine
  date: string
  quick: boolean
  figures: Figure[]
}

function readOptions() {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      out: { type: 'string', default: 'out/bench' },
      profile: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  return { ...values, chosen: choose(values.only) }
}

function choose(only: string | undefined): readonly FigureDefinition[] {
  if (only === undefined) return FIGURES
  return only.split(',').map((text) => {
    const figure = FIGURES.find(({ id }) => String(id) === text.trim())
    if (figure === undefined) throw new RangeError(`expected figures 1 to ${FIGURES.length} in --only, found ${text}`)
    return figure
  })
}

async function measureAll({ chosen, quick, profile }: ReturnType<typeof readOptions>): Promise<Result> {
  const machine = describeMachine()
  const figures: Figure[] = []
  process.stderr.write(`${showMachine(machine)}\n`)
  for (const { id, title, measure } of chosen) {
    process.stderr.write(`(${id}) ${title}\n`)
    const onProgress = (line: string) => void process.stderr.write(`    ${line}\n`)
    const measured = await measure({ quick, onProgress, ...(profile !== undefined && { profiles: resolve(profile) }) })
    figures.push({ id, title, ...measured })
  }
  return { machine, date: new Date().toISOString(), quick, figures }
}

function toJson({ figures, ...rest }: Result): string {
  const judged = figures.map((figure) => ({ ...figure, rows: figure.rows.map(judgeRow) }))
  return `${JSON.stringify({ ...rest, figures: judged }, undefined, 2)}\n`
}

/** A whole document: docs/benchmarks/latest.md is this. */
function toMarkdown({ machine, date, quick, figures }: Result): string {
  const how = `Measured on ${date.slice(0, 10)} by \`npm run -s bench -- --markdown\`${quick ? ', quickly: its numbers say little' : ''}.`
  return `# Latest figures\n\n${how} ${showMachine(machine)}.\n[What they mean](../BENCHMARKS.md).\n\n${renderMarkdown(figures)}\n`
}

async function save(directory: string, json: string, date: string): Promise<void> {
  await makeDirectory(directory)
  for (const name of [date.replaceAll(/[:.]/g, '-'), 'latest']) await writeFile(join(directory, `${name}.json`), json)
}

let options: ReturnType<typeof readOptions>
try {
  options = readOptions()
} catch (error) {
  const { message } = error as Error
  process.stderr.write(
    process.argv.includes('--json') ? `${JSON.stringify({ error: { message, exitCode: 2 } })}\n` : `${message}\n\n${HELP}`,
  )
  process.exit(2)
}
if (options.help) process.stdout.write(HELP)
else {
  const result = await measureAll(options)
  const json = toJson(result)
  await save(options.out, json, result.date)
  if (options.json) process.stdout.write(json)
  else if (options.markdown) process.stdout.write(toMarkdown(result))
  else process.stdout.write(`\n${showMachine(result.machine)}\n\n${renderFigures(result.figures)}\n`)
}
