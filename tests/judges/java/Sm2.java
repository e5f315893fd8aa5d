import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.spec.SecretKeySpec;

/**
 * With Bouncy Castle, the public key in hexadecimal of what is right.
 * <pre>
 * csr CSR                           a PKCS#10 whose signature verifies
 * pair KEY ENVELOPE CERTIFICATE     an SM2EnvelopedKey (GM/T 0009 7.4) whose key signs for the certificate
 * </pre>
 */
public final class Sm2 {
    private static final String PKCS8_OF_SM2 = "3041020100301306072a8648ce3d020106082a811ccf5501822d042730250201010420";

    /** The elements in a SEQUENCE, each with its header. */
    private static List<byte[]> elements(byte[] sequence) {
        List<byte[]> found = new ArrayList<>();
        byte[] der = contents(sequence);
        for (int at = 0; at < der.length;) {
            byte[] rest = Arrays.copyOfRange(der, at, der.length);
            int size = header(rest) + contents(rest).length;
            found.add(Arrays.copyOf(rest, size));
            at += size;
        }
        return found;
    }

    private static int header(byte[] element) {
        return (element[1] & 0x80) == 0 ? 2 : 2 + (element[1] & 0x7F);
    }

    private static byte[] contents(byte[] element) {
        int begin = header(element);
        int size = begin == 2 ? element[1] : new BigInteger(1, Arrays.copyOfRange(element, 2, begin)).intValueExact();
        return Arrays.copyOfRange(element, begin, begin + size);
    }

    /** Of a BIT STRING. */
    private static byte[] octets(byte[] element) {
        byte[] bits = contents(element);
        return Arrays.copyOfRange(bits, 1, bits.length);
    }

    private static byte[] coordinate(byte[] integer) {
        byte[] padded = new byte[32];
        int size = Math.min(integer.length, 32);
        System.arraycopy(integer, integer.length - size, padded, 32 - size, size);
        return padded;
    }

    /** C1, C2, C3, the order that the provider's cipher takes; of SM2Cipher's x, y, hash and text. */
    private static byte[] raw(byte[] cipher) throws Exception {
        List<byte[]> parts = elements(cipher);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(4);
        out.write(coordinate(contents(parts.get(0))));
        out.write(coordinate(contents(parts.get(1))));
        out.write(contents(parts.get(3)));
        out.write(contents(parts.get(2)));
        return out.toByteArray();
    }

    private static byte[] decoded(Path path) throws Exception {
        byte[] octets = Files.readAllBytes(path);
        if (octets[0] != '-') {
            return octets;
        }
        return Base64.getMimeDecoder().decode(new String(octets).replaceAll("-----[^-]*-----", ""));
    }

    private static PrivateKey key(byte[] pkcs8, Provider provider) throws Exception {
        return KeyFactory.getInstance("EC", provider).generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    }

    private static boolean signs(PublicKey key, byte[] message, byte[] signed, Provider provider) throws Exception {
        Signature signature = Signature.getInstance("SM3withSM2", provider);
        signature.initVerify(key);
        signature.update(message);
        return signature.verify(signed);
    }

    private static byte[] csr(String path, Provider provider) throws Exception {
        List<byte[]> parts = elements(decoded(Path.of(path)));
        byte[] info = parts.get(0), spki = elements(info).get(2);
        PublicKey key = KeyFactory.getInstance("EC", provider).generatePublic(new X509EncodedKeySpec(spki));
        if (!signs(key, info, octets(parts.get(2)), provider)) {
            throw new IllegalStateException("the signature does not verify");
        }
        return spki;
    }

    private static byte[] pair(String signingKey, String path, String of, Provider provider) throws Exception {
        List<byte[]> envelope = elements(Files.readAllBytes(Path.of(path)));
        Cipher sm2 = Cipher.getInstance("SM2", provider);
        sm2.init(Cipher.DECRYPT_MODE, key(decoded(Path.of(signingKey)), provider));
        byte[] sm4Key = sm2.doFinal(raw(envelope.get(1)));
        Cipher sm4 = Cipher.getInstance("SM4/ECB/NoPadding", provider);
        sm4.init(Cipher.DECRYPT_MODE, new SecretKeySpec(sm4Key, "SM4"));
        ByteArrayOutputStream pkcs8 = new ByteArrayOutputStream();
        pkcs8.write(HexFormat.of().parseHex(PKCS8_OF_SM2));
        pkcs8.write(sm4.doFinal(octets(envelope.get(3))));
        Certificate certificate = CertificateFactory.getInstance("X.509", provider).generateCertificate(new ByteArrayInputStream(decoded(Path.of(of))));
        byte[] message = "does it fit?".getBytes();
        Signature signature = Signature.getInstance("SM3withSM2", provider);
        signature.initSign(key(pkcs8.toByteArray(), provider));
        signature.update(message);
        if (!signs(certificate.getPublicKey(), message, signature.sign(), provider)) {
            throw new IllegalStateException("the key does not fit the certificate");
        }
        return certificate.getPublicKey().getEncoded();
    }

    public static void main(String[] args) throws Exception {
        Provider provider = (Provider) Class.forName("org.bouncycastle.jce.provider.BouncyCastleProvider").getDeclaredConstructor().newInstance();
        byte[] spki = args[0].equals("csr") ? csr(args[1], provider) : pair(args[1], args[2], args[3], provider);
        System.out.println(HexFormat.of().formatHex(spki));
    }
}
