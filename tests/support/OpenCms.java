import java.nio.file.*;
import java.security.*;
import java.security.cert.*;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.*;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.*;
import org.bouncycastle.cms.jcajce.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** Opens a CMS as Bouncy Castle does: `open cms key.der algorithm`, or `verify cms content certificate.der`. Content goes to stdout. */
public class OpenCms {
    public static void main(String[] words) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        byte[] cms = Files.readAllBytes(Path.of(words[1]));
        if (words[0].equals("verify")) {
            verify(cms, Files.readAllBytes(Path.of(words[2])), Files.readAllBytes(Path.of(words[3])));
            return;
        }
        PKCS8EncodedKeySpec spec = new PKCS8EncodedKeySpec(Files.readAllBytes(Path.of(words[2])));
        PrivateKey key = KeyFactory.getInstance(words[3], "BC").generatePrivate(spec);
        boolean sealed = new CMSTypedAuth(cms).authenticated;
        RecipientInformationStore all =
            sealed ? new CMSAuthEnvelopedData(cms).getRecipientInfos() : new CMSEnvelopedData(cms).getRecipientInfos();
        for (RecipientInformation one : all.getRecipients()) {
            try {
                System.out.write(one.getContent(recipient(one, key, sealed)));
                System.out.flush();
                return;
            } catch (CMSException wrong) {
                System.err.println(wrong + " " + wrong.getCause());
            }
        }
        System.exit(3);
    }

    static Recipient recipient(RecipientInformation one, PrivateKey key, boolean sealed) {
        if (one instanceof KeyTransRecipientInformation)
            return sealed ? new JceKeyTransAuthEnvelopedRecipient(key).setProvider("BC") : new JceKeyTransEnvelopedRecipient(key).setProvider("BC");
        if (sealed) throw new UnsupportedOperationException("Bouncy Castle 1.72 has no key agreement for AuthEnvelopedData");
        return new JceKeyAgreeEnvelopedRecipient(key).setProvider("BC");
    }

    static void verify(byte[] cms, byte[] content, byte[] certificate) throws Exception {
        CMSSignedData signed = new CMSSignedData(new CMSProcessableByteArray(content), cms);
        X509CertificateHolder holder = new X509CertificateHolder(certificate);
        for (SignerInformation one : signed.getSignerInfos()) {
            if (!one.verify(new JcaSimpleSignerInfoVerifierBuilder().setProvider("BC").build(holder))) System.exit(4);
            System.out.println(one.getEncryptionAlgOID());
        }
    }

    /** Which of the two envelopes it is, by the content type. */
    static class CMSTypedAuth {
        final boolean authenticated;

        CMSTypedAuth(byte[] cms) throws Exception {
            authenticated = org.bouncycastle.asn1.cms.ContentInfo.getInstance(cms).getContentType()
                .getId().equals("1.2.840.113549.1.9.16.1.23");
        }
    }
}
