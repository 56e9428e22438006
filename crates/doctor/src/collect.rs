//! How to collect the evidence: commands that every Windows has.

use crate::cause::Language;
use crate::witness::Witness;

/// The folder that the commands gather everything in.
const FOLDER: &str = r"C:\perennial-evidence";

impl Witness {
    /// What it is called in a sentence.
    #[must_use]
    pub const fn title(self, language: Language) -> &'static str {
        let (english, german) = match self {
            Witness::Registry => ("the registry of NDES", "die Registrierung von NDES"),
            Witness::MachineStore => ("the machine's certificate store", "der Zertifikatspeicher des Computers"),
            Witness::RootStore => ("the store of trusted roots", "der Speicher der Stammzertifikate"),
            Witness::Capi2 => {
                ("the CAPI2 log, switched on while it fails", "das CAPI2-Protokoll, während des Fehlers eingeschaltet")
            }
            Witness::ApplicationLog => ("the Application log", "das Anwendungsprotokoll"),
            Witness::SystemLog => ("the System log", "das Systemprotokoll"),
            Witness::PolicyModuleLog => ("NDESPlugin.log", "NDESPlugin.log"),
            Witness::RegistrationPointLog => ("the registration point's log", "das Protokoll des Registrierungspunkts"),
            Witness::NdesWebLog => ("the IIS log of the NDES host", "das IIS-Protokoll des NDES-Hosts"),
            Witness::RegistrationPointWebLog => {
                ("the IIS log of the registration point's host", "das IIS-Protokoll des Registrierungspunkts")
            }
            Witness::HttpErrorLog => ("the HTTPERR log", "das HTTPERR-Protokoll"),
            Witness::IisConfiguration => ("applicationHost.config", "applicationHost.config"),
            Witness::ConnectorLog => {
                ("the Intune connector's event log", "das Ereignisprotokoll des Intune-Connectors")
            }
            Witness::DeviceLog => ("a device's event log", "das Ereignisprotokoll eines Geräts"),
            Witness::DomainControllerLog => {
                ("the System log of a domain controller", "das Systemprotokoll eines Domänencontrollers")
            }
            Witness::Probe => ("answers of the live server", "Antworten des laufenden Servers"),
            Witness::Capture => ("a capture of the requests", "ein Mitschnitt der Anforderungen"),
        };
        match language {
            Language::English => english,
            Language::German => german,
        }
    }

    /// Commands that collect it, on the host it is about.
    #[must_use]
    pub const fn commands(self) -> &'static [&'static str] {
        match self {
            Witness::Registry => &[
                r"reg export HKLM\SOFTWARE\Microsoft\Cryptography\MSCEP C:\perennial-evidence\MSCEP.reg /y",
                r"reg export HKLM\SOFTWARE\Microsoft\MicrosoftIntune C:\perennial-evidence\Intune.reg /y",
                r"reg export HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters C:\perennial-evidence\HTTP.reg /y",
            ],
            Witness::MachineStore => &[
                r"certutil -store -v My > C:\perennial-evidence\store-My.txt",
                r"certutil -store -v CA > C:\perennial-evidence\store-CA.txt",
            ],
            Witness::RootStore => &[r"certutil -store -v Root > C:\perennial-evidence\store-Root.txt"],
            Witness::Capi2 => &[
                r"wevtutil gl Microsoft-Windows-CAPI2/Operational > C:\perennial-evidence\capi2-state.txt",
                r"wevtutil epl Microsoft-Windows-CAPI2/Operational C:\perennial-evidence\capi2.evtx /ow:true",
            ],
            Witness::ApplicationLog => &[r"wevtutil epl Application C:\perennial-evidence\Application.evtx /ow:true"],
            Witness::SystemLog => &[r"wevtutil epl System C:\perennial-evidence\System.evtx /ow:true"],
            Witness::PolicyModuleLog => &[
                r#"robocopy "%ProgramFiles%\Microsoft Intune" C:\perennial-evidence\Intune *.log *.lo_ *.svclog /s /r:0"#,
                r#"robocopy "%ProgramFiles%\Microsoft Configuration Manager" C:\perennial-evidence\ConfigMgr NDES*.log NDES*.lo_ /s /r:0"#,
            ],
            Witness::RegistrationPointLog => {
                &[r#"robocopy "%ProgramFiles%\SMS_CCM\Logs" C:\perennial-evidence\CRP crp*.log crp*.lo_ /r:0"#]
            }
            Witness::NdesWebLog | Witness::RegistrationPointWebLog => {
                &[r"robocopy %SystemDrive%\inetpub\logs\LogFiles C:\perennial-evidence\IIS *.log /s /maxage:14 /r:0"]
            }
            Witness::HttpErrorLog => {
                &[r"robocopy %windir%\System32\LogFiles\HTTPERR C:\perennial-evidence\HTTPERR *.log /maxage:14 /r:0"]
            }
            Witness::IisConfiguration => {
                &[r"robocopy %windir%\System32\inetsrv\config C:\perennial-evidence applicationHost.config /r:0"]
            }
            Witness::ConnectorLog => &[
                r#"wevtutil epl "Microsoft Intune Connector" C:\perennial-evidence\IntuneConnector.evtx /ow:true"#,
                r"wevtutil epl Microsoft-Intune-CertificateConnectors/Admin C:\perennial-evidence\Connectors-Admin.evtx /ow:true",
                r"wevtutil epl Microsoft-Intune-CertificateConnectors/Operational C:\perennial-evidence\Connectors-Operational.evtx /ow:true",
            ],
            Witness::DeviceLog => &[
                r"wevtutil epl Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider/Admin C:\perennial-evidence\Device.evtx /ow:true",
            ],
            Witness::DomainControllerLog => &[r"wevtutil epl System C:\perennial-evidence\DC-System.evtx /ow:true"],
            Witness::Probe => &["perennial probe https://HOST/certsrv/mscep/mscep.dll"],
            Witness::Capture => &[],
        }
    }
}

/// Switches CAPI2 logging on and lets it hold more than minutes.
pub(crate) const SWITCH_ON: &str = "wevtutil sl Microsoft-Windows-CAPI2/Operational /e:true /ms:134217728";

/// The whole collection as a command file with remarks, for an administrator's prompt.
#[must_use]
pub fn what_to_collect(language: Language) -> String {
    let say = |english: &'static str, german: &'static str| match language {
        Language::English => english,
        Language::German => german,
    };
    let mut out = String::new();
    let remark = |text: &str, out: &mut String| out.push_str(&format!("\nrem {text}\n"));
    out.push_str(&format!(
        "rem {}\nrem {}\nmkdir {FOLDER}\n",
        say("Run as administrator on the NDES host; nothing is changed but the CAPI2 log's switch and size.",
            "Als Administrator auf dem NDES-Host ausführen; geändert werden nur Schalter und Größe des CAPI2-Protokolls."),
        say("Commands for what is not installed fail and may be passed over.",
            "Befehle für Nichtinstalliertes schlagen fehl und dürfen übergangen werden."),
    ));
    let first = say(
        "First: the CAPI2 log is off by default and small. Switch it on, let one device fail, then go on.",
        "Zuerst: das CAPI2-Protokoll ist ab Werk aus und klein. Einschalten, ein Gerät scheitern lassen, dann weiter.",
    );
    remark(first, &mut out);
    out.push_str(&format!("{SWITCH_ON}\npause\n"));
    let mut told: Vec<&str> = Vec::new();
    for witness in Witness::ALL {
        let fresh: Vec<_> = witness.commands().iter().filter(|command| !told.contains(command)).collect();
        if fresh.is_empty() || matches!(witness, Witness::Probe) {
            continue;
        }
        let place = match witness {
            Witness::RegistrationPointLog | Witness::RegistrationPointWebLog => {
                say(" (if it is on another host, run this there)", " (auf dem Host des Registrierungspunkts ausführen)")
            }
            Witness::DeviceLog => say(" (on the device)", " (auf dem Gerät)"),
            Witness::DomainControllerLog => say(" (there)", " (dort)"),
            _ => "",
        };
        remark(&format!("{}{place}", witness.title(language)), &mut out);
        for command in fresh {
            out.push_str(command);
            out.push('\n');
            told.push(command);
        }
    }
    let last = say(
        "Then hand the folder, or a zip file of it, to the doctor:",
        "Dann den Ordner oder eine ZIP-Datei davon dem Doktor geben:",
    );
    remark(last, &mut out);
    out.push_str(&format!("rem perennial doctor {FOLDER}\n"));
    out
}
