import { type Command, Option } from 'commander'
import { type NamedSetting, namedSettings, type SettingGroup } from '../config/settings.ts'

/** Adds the flags of all settings in a group, with their variables and defaults in the help. */
export function addSettings(command: Command, group: SettingGroup): Command {
  for (const named of namedSettings) if (named.setting.group === group) addSetting(command, named)
  return command
}

/** Adds the flag of one setting, by its key. */
export function addSettingOf(command: Command, key: string): Command {
  for (const named of namedSettings) if (named.key === key) addSetting(command, named)
  return command
}

function addSetting(command: Command, { key, flag, setting }: NamedSetting): void {
  const { type, short, about, fallback } = setting
  const names = short === undefined ? flag : `-${short}, ${flag}`
  // A toggle that is off says so by being one.
  const isSilent = typeof fallback === 'function' || fallback === undefined || fallback === false
  const shown = isSilent ? '' : ` (default: ${type.format(fallback)})`
  const option = new Option(type.placeholder === undefined ? names : `${names} <${type.placeholder}>`, `${about}${shown}`)
  if (type.many) option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
  command.addOption(option)
  // A toggle that is on by default needs a way off, and `--no-color` is what everybody tries first.
  if (fallback === true || key === 'color') {
    command.addOption(new Option(flag.replace('--', '--no-'), key === 'color' ? 'the same as --color never' : `without ${flag}`))
  }
}

/** The values of all setting flags that were given, by the settings' keys. */
export function collectFlags(command: Command): Record<string, unknown> {
  const flags: Record<string, unknown> = {}
  for (let at: Command | null = command; at !== null; at = at.parent) {
    for (const option of at.options) {
      const named = namedSettings.find(({ flag }) => flag === option.long || flag === option.long?.replace('--no-', '--'))
      const name = option.attributeName()
      if (named === undefined || at.getOptionValueSource(name) !== 'cli') continue
      const value: unknown = at.getOptionValue(name)
      flags[named.key] ??= named.key === 'color' && value === false ? 'never' : value
    }
  }
  return flags
}
