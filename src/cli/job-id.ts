import { Argument, InvalidArgumentError } from 'commander'
import { isJobId } from '../job/ids.ts'

/** A Job's id on the command line: what is none is no question for the network. */
export function jobIdArgument(): Argument {
  return new Argument('<jobId>', 'the Job’s id, 62 digits, as `minga place` prints it').argParser((text) => {
    if (isJobId(text)) return text
    throw new InvalidArgumentError('Expected 62 hexadecimal digits; `minga jobs` lists ids.')
  })
}
