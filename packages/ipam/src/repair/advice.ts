/** What to do by hand about what a repair leaves: there it would have to guess who uses an address. */
export const ADVICE: Readonly<Record<string, string>> = {
  'newer-record': 'update the Tortie of this node; a later one wrote it',
  'unreadable-record':
    'restore the record from a backup of the store, or delete its key when nothing it describes is in use',
  'address-twice': 'find out which pod has the address, and release the other handle: tortie ipam release HANDLE',
  'blocks-overlap': 'goes by itself once no address is with two handles: repair again',
  'block-outside-pools': 'make a pool around it again, or release its addresses; then repair',
  'block-size': 'goes by itself once no address is with two handles: repair again',
  'block-misplaced': 'both records hold addresses: release those that are not in use, then repair',
  'block-fault': 'it holds addresses outside its range: restore the record from a backup of the store',
  'pools-overlap': 'delete one of the pools when it has no addresses left',
};
