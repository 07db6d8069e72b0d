/** Inputs of fuzz targets that once broke a law, as small as they became. The law is what failed then. */
export interface FindingVector {
  readonly target: string;
  readonly law: string;
  readonly hex: string;
}

export const FINDINGS: readonly FindingVector[] = [
  {
    target: 'session',
    law: 'an UPDATE to an external peer had confederation segments, which it has to call malformed',
    hex:
      '1a280402000159003418e121b103004c22a0131c00000010000000040c00008180748b0f00004ca36b6e130000004e35aaf1' +
      '0430fd2f9b9f1affffffc0010b800f57000201bc382e7706a4d01fb5b505889b4d8a696beaf0c19fa8461a3bb3f50d7227c0' +
      '539f978c481546d9b9719c9ce829be2c5d8d2a1f2fca50b8806dea08bc38aae3ac64e489570d04ddcc5679ea1e748356228a' +
      'a7141c4001010040021c040202b74b1635344fab0104fa420289e4e8643d5f7f299c7f97f9234003045d128f408004046456' +
      'f44f4005044d05bd95400600c0070800000015de5e542180090400000012800a08239927e7f788be29c010201dc1ad4c6f1c' +
      'c8203277ecb94e240b58df51b458ce25c6ae799fb633a391585bc01a0312d67bc02024d7493ae9afbbecf69111e6cd648fef' +
      'a824d65b4f3d2e240ec4d485e3bddf47d34f2dae95c035069135f69c2c1d55c9175e0f3bdca9bc17281df7c1edb8a380186f' +
      '0706',
  },
  {
    target: 'session',
    law: 'the RIB took an UPDATE with an attribute to reset the session for, as another one overran the area',
    hex:
      '000402020000be000000b00f0d00010111ffff8001000e2bd40040010102400212020489b80771fcddc3d11cb579e5ca6c6b' +
      'f640030443e93c8c800e2500020120a64dcbf0514486c784243faa0a09ab6edfffffe28da44b8b839432012f856ac8008004' +
      '06ffffffe8c01100c0070878b472af119f2999c0080400000000c010089f9b6ba9f35140bcc020240000001c53464252fe18' +
      '0cc5000000037e8304b18a660b6d6fe6f6a83b0c04320000000580e0077d1eeb956bd6bb0d08501717171717f3f5f3',
  },
  {
    target: 'decoder',
    law: 'a malformed attribute beside routes of a family that was not negotiated reset the session',
    hex:
      'ec9e01000014045ba09770000000050a020845004104394dd33201000014045ba09770000000050a020845004104394dd332' +
      '01000033045ba0922a1eccfcaa2902274918044c582b4012f0938dbce0a2bef09faf856eccadf0afa39fa60533c677e9bf41' +
      '045dd6706f01000021045ba0977000000005170215a60533c677e9bf41045dd6706f45004104394dd332022c001000000007' +
      'e00201108019000019460400',
  },
];
