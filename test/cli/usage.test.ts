import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import { minga } from './run.ts'

/** Every command and subcommand, as it is typed. */
function commandsBelow(command: Command, path: readonly string[] = []): { command: Command; path: readonly string[] }[] {
  return command.commands.flatMap((sub) => {
    const below = [...path, sub.name()]
    return [{ command: sub, path: below }, ...commandsBelow(sub, below)]
  })
}

const optionsAbove = (command: Command): string[] =>
  command.parent === null ? [] : [...command.parent.options.flatMap(namesOf), ...optionsAbove(command.parent)]
const namesOf = ({ short, long }: { short?: string | undefined; long?: string | undefined }) =>
  [short, long].filter((name) => name !== undefined)

describe('the command line', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'minga-usage-'))
  })
  after(async () => rm(folder, { recursive: true }))

  it('teaches: --help shows all commands, first steps and exit codes', async () => {
    const { code, stdout, stderr } = await minga(['--help'])
    assert.equal(code, 0)
    assert.equal(stderr, '')
    for (const name of [
      'peer',
      'bootstrap',
      'place',
      'jobs',
      'watch',
      'results',
      'cancel',
      'peers',
      'doctor',
      'demo',
      'bench',
      'config',
      'completion',
    ]) {
      assert.match(stdout, new RegExp(`^  ${name} `, 'm'))
    }
    assert.match(stdout, /First steps:/)
    assert.match(stdout, /130 interrupted/)
  })

  it('shows examples and the shared settings in the help of a command', async () => {
    const { code, stdout } = await minga(['place', '--help'])
    assert.equal(code, 0)
    assert.match(stdout, /Examples:\n {2}minga place job\.json --dry-run/)
    assert.match(stdout, /--data-dir <dir>/)
  })

  it('refuses an unknown command with a suggestion', async () => {
    const { code, stdout, stderr } = await minga(['plce'])
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.equal(stderr, "minga: unknown command 'plce'\n  → Did you mean place?\n")
  })

  it('refuses an unknown flag with a suggestion', async () => {
    const { code, stderr } = await minga(['peer', '--bootstap', '/ip4/127.0.0.1/tcp/1'])
    assert.equal(code, 2)
    assert.match(stderr, /unknown option '--bootstap'\n {2}→ Did you mean --bootstrap\?/)
  })

  it('says the address of a wallet also without a chain: that is where its first money goes', async () => {
    const wallet = async (...args: string[]) => minga(['wallet', ...args, '--data-dir', join(folder, 'wallets')])
    const { code, stdout, stderr } = await wallet()
    assert.equal(code, 0, stderr)
    const address = /^(0x[0-9a-fA-F]{40})\n.*--chain-file/.exec(stdout)?.[1]
    assert.ok(address !== undefined, stdout)
    assert.deepEqual(JSON.parse((await wallet('--json')).stdout), { wallet: address })
    // Clients pay from a wallet of their own; whatever would change something still takes a chain.
    assert.notEqual(JSON.parse((await wallet('--json', '--client')).stdout).wallet, address)
    assert.equal((await wallet('bond', '40')).code, 2)
  })

  it('refuses what is wrong with a command below a command in the same voice', async () => {
    for (const [args, found] of [
      [['wallet', 'bond', 'much'], /^minga: .*'much' is invalid.*expected an amount of tokens/],
      [['wallet', 'bond'], /^minga: missing required argument 'tokens'/],
      [['wallet', 'bond', '1', '--cleint'], /^minga: unknown option '--cleint'\n {2}→ Did you mean --client/],
    ] as const) {
      const { code, stderr } = await minga(args)
      assert.equal(code, 2, stderr)
      assert.match(stderr, found)
    }
  })

  it('refuses a missing argument', async () => {
    const { code, stderr } = await minga(['place'])
    assert.equal(code, 2)
    assert.match(stderr, /missing required argument 'job\.json'/)
  })

  it('explains itself where no command is given', async () => {
    const { code, stdout, stderr } = await minga([])
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.match(stderr, /Usage: minga/)
  })

  it('tells errors as one line of JSON with --json, and nothing on stdout', async () => {
    const { code, stdout, stderr } = await minga(['place', 'nowhere.json', '--json'], { cwd: folder })
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.equal(stderr.trim().split('\n').length, 1)
    const { error } = JSON.parse(stderr)
    assert.equal(error.name, 'FileUnreadableError')
    assert.equal(error.exitCode, 2)
    assert.match(error.message, /expected a job file at nowhere\.json, found nothing there/)
  })

  it('places a syntax error in a job file by line and column', async () => {
    await writeFile(join(folder, 'job.json'), '{\n  "name": "x",\n  "code" "main.wgsl"\n}\n')
    const { code, stderr } = await minga(['place', 'job.json', '--dry-run'], { cwd: folder })
    assert.equal(code, 2)
    assert.match(stderr, /^minga: job\.json:3:10: expected a colon behind the key, found "\\""/)
  })
})

describe('every command', () => {
  // The benchmark's arguments are its own.
  const commands = commandsBelow(createProgram()).filter(({ path }) => path[0] !== 'bench')

  it('is known with its subcommands', () => {
    const names = commands.map(({ path }) => path.join(' '))
    for (const name of ['place', 'wallet', 'wallet withdraw', 'wallet bond', 'wallet unbond']) assert.ok(names.includes(name), name)
  })

  it('has no option that a command above it has too: that one would take it', () => {
    for (const { command, path } of commands) {
      const above = new Set(optionsAbove(command))
      const shared = command.options.flatMap(namesOf).filter((name) => above.has(name))
      assert.deepEqual(shared, [], path.join(' '))
    }
  })

  for (const { command, path } of commands) {
    it(`tells what is wrong in its own voice: minga ${path.join(' ')}`, async () => {
      const surplus = command.registeredArguments.map(() => 'x').concat('one-too-many')
      // Which of two mistakes is told first is no matter here.
      const required = command.options.filter(({ mandatory }) => mandatory).flatMap(({ long }) => [long!, 'x'])
      const [unknown, excess] = await Promise.all([
        minga(['--json', ...path, ...required, '--no-such-option']),
        minga(['--json', ...path, ...required, ...surplus]),
      ])
      for (const [{ code, stdout, stderr }, told] of [
        [unknown, /unknown option '--no-such-option'/],
        [excess, /too many arguments/],
      ] as const) {
        assert.deepEqual([code, stdout, stderr.trimEnd().split('\n').length], [2, '', 1], stderr)
        const { error } = JSON.parse(stderr)
        assert.match(error.message, told)
        assert.equal(error.name, 'UsageError')
      }
    })
  }

  it('takes amounts and addresses for what they are', async () => {
    for (const [args, told] of [
      [['wallet', 'bond'], /missing required argument 'tokens'/],
      [['wallet', 'bond', '-5'], /expected an amount of tokens such as 12\.5/],
      [['wallet', 'bond', '1e3'], /expected an amount of tokens such as 12\.5/],
      [['wallet', 'bond', '0'], /expected more than nothing/],
      [['wallet', 'unbond', '0wei'], /expected more than nothing/],
      [['wallet', 'bond', `${2n ** 96n}wei`], /an amount that a bond can have, at most 79228162514\.26/],
      [['escrow', 'ab'.repeat(31), '--requester', 'nonsense'], /expected an address: 0x and 40 hexadecimal digits/],
      [['devnet', '--fund', 'nonsense'], /expected an address: 0x and 40 hexadecimal digits/],
    ] as const) {
      const { code, stdout, stderr } = await minga(args)
      assert.deepEqual([code, stdout], [2, ''], args.join(' '))
      assert.match(stderr, told)
      assert.match(stderr, /^minga: [^\n]*\n {2}→ [^\n]*\n$/)
    }
  })
})

describe('colour', () => {
  it('is off in a pipe, on with --color always, off again with NO_COLOR or --no-color', async () => {
    const marked = async (args: string[], env = {}) => (await minga(['config', ...args], { env })).stdout.includes('\u001b[')
    assert.equal(await marked([]), false)
    assert.equal(await marked(['--color', 'always']), true)
    assert.equal(await marked([], { MINGA_COLOR: 'always' }), true)
    assert.equal(await marked(['--no-color'], { MINGA_COLOR: 'always' }), false)
    assert.equal(await marked([], { NO_COLOR: '1' }), false)
    const { settings } = JSON.parse((await minga(['config', '--json'], { env: { NO_COLOR: '1' } })).stdout)
    assert.deepEqual(settings.color, { value: 'never', origin: 'NO_COLOR' })
  })
})
