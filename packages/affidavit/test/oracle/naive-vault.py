# The golden bytes of testdata/vault, made again from spec/vault.md §2 and §3 in another language, with another library.
# Usage: naive-vault.py FOLDER. Exit status 3 where the library is not there, 1 where a byte differs.

import hashlib
import hmac
import json
import struct
import sys
from pathlib import Path

try:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ImportError:
    sys.exit(3)

CHUNK = 65536


def seal(v, key, plain):
    place = f"affidavit chunk v1\n{v['ledger']}\n{v['conversation']}\n{v['blob_id']}\n".encode()
    pieces = [plain[at : at + CHUNK] for at in range(0, len(plain), CHUNK)]
    sealed = b""
    for i, piece in enumerate(pieces):
        number = struct.pack(">QB", i, i == len(pieces) - 1)
        sealed += AESGCM(key).encrypt(bytes(3) + number, piece, place + number)
    return sealed


def body_of(v):
    return v["body"].encode() if "body" in v else bytes(i % 251 for i in range(v["bodyBytes"]))


def check_payload(v):
    body = body_of(v)
    salt = bytes.fromhex(v["saltHex"])
    sealed = seal(v, bytes.fromhex(v["payloadKeyHex"]), salt + body)
    assert v["expected"] == {
        "plain_size": len(body),
        "sealed_size": len(sealed),
        "ciphertext_sha256": hashlib.sha256(sealed).hexdigest(),
        "commitment": hmac.new(salt, body, hashlib.sha256).hexdigest(),
    }, v["name"]
    assert v.get("sealedHex", sealed.hex()) == sealed.hex(), v["name"]


def check_content_key(v):
    ids = sorted(v["scopeKeys"])
    keys = b"".join(bytes.fromhex(v["scopeKeys"][one]) for one in ids)
    conversation = f"affidavit equal body v1\n{v['ledger']}\n{v['conversation']}".encode()
    equal_body = HKDF(SHA256(), 32, None, conversation).derive(keys)
    digest = hmac.new(equal_body, body_of(v), hashlib.sha256).digest()
    assert digest.hex() == v["body_digest"], v["name"]
    place = f"\n{v['ledger']}\n{v['blob_id']}".encode()
    wrapping = HKDF(SHA256(), 32, None, b"affidavit payload wrap v1" + place).derive(keys)
    nonce = bytes.fromhex(v["nonceHex"])
    head = b"\x01" + digest + struct.pack(">H", len(ids)) + bytes.fromhex("".join(ids))
    aad = b"affidavit content key v1" + place + b"\n" + head
    wrapped = AESGCM(wrapping).encrypt(nonce, bytes.fromhex(v["payloadKeyHex"]), aad)
    content_key = head + nonce + wrapped
    assert content_key.hex() == v["contentKeyHex"], v["name"]
    assert hashlib.sha256(content_key).hexdigest() == v["key_id"], v["name"]


folder = Path(sys.argv[1])
payloads = json.loads((folder / "payload.json").read_text("utf-8"))["payloads"]
content_keys = json.loads((folder / "content-key.json").read_text("utf-8"))["contentKeys"]
for vector in payloads:
    check_payload(vector)
for vector in content_keys:
    check_content_key(vector)
print(len(payloads) + len(content_keys))
