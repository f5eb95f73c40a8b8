// Standard JSON in, standard JSON out: what `rollup.l1.evm.compiler` runs under node.
const solc = require('solc');
const chunks = [];
process.stdin.on('data', (chunk) => chunks.push(chunk));
process.stdin.on('end', () => process.stdout.write(solc.compile(Buffer.concat(chunks).toString())));
