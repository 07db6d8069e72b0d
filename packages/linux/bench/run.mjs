// `npm run bench -- fib`: see fib-writer.ts.
import '../dist/bench/fib-writer.js';
