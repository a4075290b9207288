"""Certificates for tests: authorities, what they issue, and what is wrong with it on purpose."""
import datetime
import hashlib
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER
SPKI = serialization.PublicFormat.SubjectPublicKeyInfo


def now():
    return datetime.datetime.utcnow().replace(microsecond=0)


def make_key(kind):
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    return ec.generate_private_key(ec.SECP256R1())


def general_name(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Certificate:
    """A certificate, its key, and the certificates of its issuers, nearest first."""

    def __init__(self, certificate, key, chain):
        self.certificate, self.key, self.chain = certificate, key, chain

    @property
    def pem(self):
        return self.certificate.public_bytes(PEM).decode()

    @property
    def key_pem(self):
        return self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()

    def octets(self, selector):
        """TLSA's selectors: 0 the certificate, 1 its public key."""
        return self.certificate.public_bytes(DER) if selector == 0 else self.certificate.public_key().public_bytes(DER, SPKI)

    def fingerprint(self, selector=0):
        return hashlib.sha256(self.octets(selector)).hexdigest()

    def tlsa(self, usage, selector, matching):
        digest = [bytes.hex, lambda data: hashlib.sha256(data).hexdigest(), lambda data: hashlib.sha512(data).hexdigest()]
        return f"{usage} {selector} {matching} {digest[matching](self.octets(selector))}"

    def write(self, folder, name, chain=None):
        """(certificate with its chain, key): files; chain is how many of the issuers are sent, but for the root."""
        issuers = self.chain[:-1] if chain is None else self.chain[:chain]
        with open(f"{folder}/{name}.pem", "w") as f:
            f.write(self.pem + "".join(issuer.pem for issuer in issuers))
        with open(f"{folder}/{name}.key", "w") as f:
            f.write(self.key_pem)
        return f"{folder}/{name}.pem", f"{folder}/{name}.key"


def make(subject, names=(), *, issuer=None, key="ec", start=-DAY, end=90 * DAY, authority=False, usage=None,
         crl=None, must_staple=False):
    """start and end are from now on; subject is the CN, or None; without an issuer it signs itself."""
    own = make_key(key)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)] if subject else [])
    builder = (x509.CertificateBuilder().subject_name(name).public_key(own.public_key())
               .issuer_name(issuer.certificate.subject if issuer else name)
               .serial_number(x509.random_serial_number()).not_valid_before(now() + start).not_valid_after(now() + end)
               .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
               .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False))
    if issuer:
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    if authority:
        builder = builder.add_extension(x509.KeyUsage(True, False, False, False, False, True, True, False, False), critical=True)
    else:
        builder = builder.add_extension(
            x509.ExtendedKeyUsage([usage or ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([general_name(n) for n in names]), critical=not subject)
    if crl:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)
    if must_staple:
        builder = builder.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
    signed = builder.sign(issuer.key if issuer else own, hashes.SHA256())
    return Certificate(signed, own, [issuer, *issuer.chain] if issuer else [])


def authority(name, issuer=None, **more):
    return make(name, issuer=issuer, authority=True, end=3650 * DAY, **more)


def staple(certificate, revoked=False):
    """The answer of the certificate's issuer, DER."""
    issuer = certificate.chain[0]
    status = ocsp.OCSPCertStatus.REVOKED if revoked else ocsp.OCSPCertStatus.GOOD
    response = ocsp.OCSPResponseBuilder().add_response(
        certificate.certificate, issuer.certificate, hashes.SHA1(), status, now() - DAY, now() + DAY,
        now() - DAY if revoked else None, x509.ReasonFlags.key_compromise if revoked else None,
    ).responder_id(ocsp.OCSPResponderEncoding.HASH, issuer.certificate).sign(issuer.key, hashes.SHA256())
    return response.public_bytes(DER)
