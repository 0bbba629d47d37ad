import { Argument, Command } from 'commander'
import { type NamedSetting, namedSettings } from '../../config/settings.ts'
import { act, examples } from '../act.ts'
import type { Context } from '../context.ts'
import { addSettings } from '../options.ts'
import { renderTable } from '../render/table.ts'

export function configCommand(): Command {
  const key = new Argument('[setting]', 'only this one, for example storage.maxBytes').choices(namedSettings.map(({ key }) => key))
  const command = new Command('config')
    .description('show every setting: its value, and whether a flag, a variable, the file or the default gave it')
    .addArgument(key)
    .action(act(showConfig))
  examples(command, [
    ['minga config', 'all settings'],
    ['minga config dataDir', 'one value alone, for a script'],
    ['MINGA_STORAGE_MAX_BYTES=5GiB minga config --json', 'what a variable would change'],
  ])
  return addSettings(addSettings(addSettings(command, 'network'), 'peer'), 'chain')
}

async function showConfig({ config, origins, configFile, output }: Context, key?: string): Promise<undefined> {
  const read = (name: string) => name.split('.').reduce((at: unknown, part) => (at as Record<string, unknown>)[part], config)
  const shown = namedSettings.filter((named) => key === undefined || named.key === key)
  const data = Object.fromEntries(
    shown.map((named) => [named.key, { value: shownValue(named, read(named.key)), origin: origins.get(named.key) }]),
  )
  output.result({ file: configFile, settings: data }, () => {
    if (key !== undefined) return shown[0]!.setting.type.format(read(key))
    const rows = shown.map((named) => row(named, read(named.key), origins.get(named.key)!, output.style.dim))
    const table = renderTable([{ title: 'SETTING' }, { title: 'VALUE' }, { title: 'FROM' }], rows, output.style)
    return `${table}\n\n${output.style.dim(`file: ${configFile.path}${configFile.exists ? '' : ' (not there)'}`)}`
  })
}

function shownValue({ setting: { type } }: NamedSetting, value: unknown): unknown {
  return (type.shown === undefined ? value : type.shown(value)) ?? null
}

function row({ key, setting }: NamedSetting, value: unknown, origin: string, dim: (text: string) => string): string[] {
  return [key, setting.type.format(value), origin === 'default' ? dim(origin) : origin]
}
