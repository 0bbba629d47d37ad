import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { bashScript } from '../../src/cli/completion/bash.ts'
import { fishScript } from '../../src/cli/completion/fish.ts'
import { describeCommands } from '../../src/cli/completion/words.ts'
import { zshScript } from '../../src/cli/completion/zsh.ts'
import { createProgram } from '../../src/cli/program.ts'
import { minga } from './run.ts'

const commands = describeCommands(createProgram())
const has = (program: string) => spawnSync(program, ['--version']).status === 0

describe('completion', () => {
  it('knows every command, and every flag of each', () => {
    assert.ok(commands.length > 12)
    const place = commands.find(({ name }) => name === 'place')!
    const flags = place.options.map(({ long }) => long)
    for (const flag of ['--dry-run', '--watch', '--bootstrap', '--json', '--data-dir']) assert.ok(flags.includes(flag), flag)
    assert.deepEqual(place.options.find(({ long }) => long === '--log-format')!.choices, ['auto', 'pretty', 'json'])
  })

  it('is printed by the command, and an unknown shell is refused', async () => {
    const { code, stdout } = await minga(['completion', 'bash'])
    assert.equal(code, 0)
    assert.equal(stdout, bashScript(commands))
    assert.equal((await minga(['completion', 'tcsh'])).code, 2)
  })

  /** What bash offers for the words, the last one unfinished. */
  const complete = (...words: string[]) => {
    const line = words.map((word) => `'${word}'`).join(' ')
    const script = `${bashScript(commands)}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _minga; echo "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
    assert.equal(stderr, '')
    return stdout.trim().split(' ')
  }

  it('works in bash', { skip: !has('bash') && 'no bash' }, () => {
    assert.deepEqual(complete('minga', 'pe'), ['peer', 'peers'])
    assert.deepEqual(complete('minga', '--json', 'boot'), ['bootstrap'])
    assert.deepEqual(complete('minga', 'place', '--dr'), ['--dry-run'])
    assert.deepEqual(complete('minga', 'peer', '--log-level', 'd'), ['debug'])
    assert.deepEqual(complete('minga', 'completion', 'z'), ['zsh'])
    assert.deepEqual(complete('minga', 'config', 'storage.maxB'), ['storage.maxBytes'])
  })

  for (const [shell, script] of [
    ['zsh', zshScript(commands)],
    ['fish', fishScript(commands)],
  ] as const) {
    it(`parses in ${shell}`, { skip: !has(shell) && `no ${shell}` }, () => {
      const path = join(mkdtempSync(join(tmpdir(), 'minga-completion-')), 'script')
      writeFileSync(path, script)
      const { status, stderr } = spawnSync(shell, ['-n', path], { encoding: 'utf8' })
      rmSync(dirname(path), { recursive: true })
      assert.equal(stderr, '')
      assert.equal(status, 0)
    })
    it(`quotes everything for ${shell}`, () => {
      for (const line of script.split('\n')) assert.equal((line.replaceAll(/\\'|'\\''/g, '').match(/'/g) ?? []).length % 2, 0, line)
    })
  }
})
