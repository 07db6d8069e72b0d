/** A process that takes a lock, says so, and stays. */
import { tryLockFile } from '@tortie/linux/node';

process.stdout.write(tryLockFile(process.argv[2]!) ? 'held' : 'refused');
setInterval(() => {}, 1000);
