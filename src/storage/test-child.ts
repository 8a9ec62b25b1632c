// A process of its own that uses a store: node test-child.ts KIND PLACE TASK [ARGUMENT]
import { Secret } from '../secret.ts';
import { openPostgresStorage } from './postgres-storage.ts';
import { openSqliteStorage } from './sqlite-storage.ts';
import { batchOf, callOf } from './test-samples.ts';

const [kind = '', place = '', task = '', argument = ''] = process.argv.slice(2);
const storage = kind === 'sqlite' ? await openSqliteStorage(place) : await openPostgresStorage(new Secret(place));

if (!storage.health.ok) {
  console.error(storage.health.error);
  process.exitCode = 1;
} else if (task === 'delete-packages') {
  for (let turn = 0; turn < 5; turn++) await storage.packages.addDeleted(`${argument} ${turn}`, 'test');
} else if (task === 'write-batches') {
  // Prints the number of each batch that is written, until it is killed. Each batch goes twice.
  for (let number = 0; ; number++) {
    const entries = Array.from({ length: 50 }, (_, place) => callOf(`${argument}-${number}-${place}`));
    const batch = batchOf(`${argument}-${number}`, entries, [{ limitId: 'limit', periodStart: 0, used: 50 }]);
    await Promise.all([storage.usage.write(batch), storage.usage.write(batch)]);
    process.stdout.write(`${number}\n`);
  }
}
await storage.close();
