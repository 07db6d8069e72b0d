import { MemoryStore } from '@tortie/store';
import t from 'tap';
import { applyCases } from './apply-cases.js';
import { resourceCases } from './resource-cases.js';

resourceCases(t, async () => new MemoryStore());
applyCases(t, async () => new MemoryStore());
