/** Opens the data directory, says so, and holds it until it is killed. */
import { openDataDirectory } from '../../../src/storage/data-directory-node.ts'

await openDataDirectory(process.argv[2]!)
process.stdout.write('open\n')
setInterval(() => {}, 60_000)
