export { type ConformanceCase, type StoreFactory, storeConformance } from './conformance.js';
export { type Interceptor, interceptStore, type StoreCall } from './intercept-store.js';
