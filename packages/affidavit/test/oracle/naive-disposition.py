# The golden bytes of testdata/disposition, made again from spec/disposition.md in another language, with another library.
# Usage: naive-disposition.py FOLDER. Exit status 3 where the library is not there, 1 where a byte differs.

import base64
import hashlib
import json
import sys
from pathlib import Path

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
except ImportError:
    sys.exit(3)


def canonical(value):
    # All keys are ASCII, all numbers integers: sorted so, they are RFC 8785.
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256(prefix, data):
    return hashlib.sha256(prefix.encode() + b"\n" + data).hexdigest()


def signed(text, signer):
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(signer["seedHex"]))
    public = b"\x01" + key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key_id = hashlib.sha256(signer["name"].encode() + b"\n" + public).digest()[:4]
    line = base64.b64encode(key_id + key.sign(text)).decode()
    return text + f"\n— {signer['name']} {line}\n".encode()


folder = Path(sys.argv[1])
golden = json.loads((folder / "golden.json").read_text("utf-8"))

manifest = canonical({"v": 1, "kind": "disposition-manifest", **golden["manifest"]})
manifest_sha256 = sha256("affidavit disposition manifest v1", manifest)
assert manifest_sha256 == golden["plan"]["manifest_sha256"], manifest_sha256

plan = canonical({"v": 1, "kind": "disposition-plan", **golden["plan"]})
plan_sha256 = sha256("affidavit disposition plan v1", plan)
assert plan_sha256 == golden["plan_sha256"], plan_sha256

ledger, plan_id = golden["plan"]["ledger"], golden["plan"]["plan_id"]
told = golden["approval"]
text = ["affidavit disposition approval v1", ledger, plan_id, plan_sha256, told["approver"], told["approved_at"], told["decision"], ""]
approval = signed("\n".join(text).encode(), golden["approver"])
approval_sha256 = sha256("affidavit signed disposition approval v1", approval)
assert approval_sha256 == golden["certificate"]["leave"]["approval_sha256"], approval_sha256

digests = {"plan_sha256": plan_sha256, "manifest_sha256": manifest_sha256}
statement = canonical({"v": 1, "kind": "disposition-certificate", **golden["certificate"], **digests})
certificate = signed(b"affidavit disposition certificate v1\n" + statement + b"\n", golden["log"])

made = {"manifest.json": manifest, "plan.json": plan, "approval.note": approval, "certificate.note": certificate}
for name, data in made.items():
    assert (folder / name).read_bytes() == data, name
print(len(made))
