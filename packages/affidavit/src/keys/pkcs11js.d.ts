// What keys/pkcs11-token.ts uses of the optional package pkcs11js. tsconfig.json gives these types in the place of its own,
// so that the library compiles where the package could not be built.

export type Handle = Buffer
export interface Attribute {
  readonly type: number
  readonly value: Buffer | string | number | boolean
}
export interface AttributeResult {
  readonly type: number
  readonly value: Buffer
}
export interface GcmParameter {
  readonly type: number
  readonly iv: Buffer
  readonly aad: Buffer
  readonly ivBits: number
  readonly tagBits: number
}
export interface Mechanism {
  readonly mechanism: number
  readonly parameter?: GcmParameter
}

/** A loaded library of a token's maker. */
export interface PKCS11 {
  load(path: string): void
  C_Initialize(): void
  C_GetSlotList(tokenPresent: boolean): Handle[]
  C_GetTokenInfo(slot: Handle): { readonly label: string }
  C_OpenSession(slot: Handle, flags: number): Handle
  C_CloseSession(session: Handle): void
  C_Login(session: Handle, userType: number, pin: string): void
  C_CreateObject(session: Handle, template: readonly Attribute[]): Handle
  C_DestroyObject(session: Handle, object: Handle): void
  C_FindObjectsInit(session: Handle, template: readonly Attribute[]): void
  C_FindObjects(session: Handle, maxObjectCount: number): Handle[]
  C_FindObjectsFinal(session: Handle): void
  C_GetAttributeValue(session: Handle, object: Handle, template: readonly { type: number }[]): AttributeResult[]
  C_GenerateKey(session: Handle, mechanism: Mechanism, template: readonly Attribute[]): Handle
  C_EncryptInit(session: Handle, mechanism: Mechanism, key: Handle): void
  C_Encrypt(session: Handle, bytes: Buffer, into: Buffer): Buffer
  C_DecryptInit(session: Handle, mechanism: Mechanism, key: Handle): void
  C_Decrypt(session: Handle, bytes: Buffer, into: Buffer): Buffer
}

export interface Pkcs11 {
  readonly PKCS11: new () => PKCS11
  readonly CKF_SERIAL_SESSION: number
  readonly CKF_RW_SESSION: number
  readonly CKU_USER: number
  readonly CKO_DATA: number
  readonly CKO_SECRET_KEY: number
  readonly CKK_AES: number
  readonly CKA_CLASS: number
  readonly CKA_TOKEN: number
  readonly CKA_PRIVATE: number
  readonly CKA_LABEL: number
  readonly CKA_APPLICATION: number
  readonly CKA_VALUE: number
  readonly CKA_VALUE_LEN: number
  readonly CKA_KEY_TYPE: number
  readonly CKA_SENSITIVE: number
  readonly CKA_EXTRACTABLE: number
  readonly CKA_MODIFIABLE: number
  readonly CKA_ENCRYPT: number
  readonly CKA_DECRYPT: number
  readonly CKA_WRAP: number
  readonly CKA_UNWRAP: number
  readonly CKM_AES_KEY_GEN: number
  readonly CKM_AES_GCM: number
  readonly CK_PARAMS_AES_GCM: number
  readonly CK_PARAMS_AES_GCM_v240: number
}

// A CommonJS module whose names Node does not see: all of it is its default.
declare const pkcs11: Pkcs11
export default pkcs11
