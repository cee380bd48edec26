// affidavit/testing: what a store, a clock or a test of one's own is held against.

export { type KeyPlace, keyWrapperContract } from './testing/contract-key-wrapper.ts'
export { type DetectorSample, detectorContract } from './testing/detector-contract.ts'
export { faultyDatabase } from './testing/faulty-database.ts'
export { type FixedClock, fixedClock } from './testing/fixed-clock.ts'
export { Killed, type MemoryObject, type MemoryObjects, memoryObjectStore } from './testing/memory-object-store.ts'
export { type ObjectFault, type ObjectFaults, type ObjectOperation, objectFaults } from './testing/object-faults.ts'
export { type ObjectPlace, objectStoreContract } from './testing/object-store-contract.ts'
export { type MakeStore, storeContract } from './testing/store-contract.ts'
export { type FaultyWrite, type WriteFault, type WriteFaults, writeFaults } from './testing/write-faults.ts'
