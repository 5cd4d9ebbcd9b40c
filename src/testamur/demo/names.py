"""Names of people from many places, and how they are spelled in an address."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Culture:
    """Names that go together.

    Args:
        language: BCP 47 tag of what these people read best.
        weight: how often this culture is drawn, against the others.
        given, family: in their own script; `name|romanised` where that script is not Latin. A culture without
            family names has people of one name.
    """

    language: str
    weight: int
    given: tuple[str, ...]
    family: tuple[str, ...]


def romanise(name: str) -> str:
    """`name` in lower-case ASCII letters and hyphens, as mail addresses and logins spell it."""
    folded = unicodedata.normalize("NFKD", name.lower().translate(_LETTERS))
    return "".join(c for c in folded if c.isascii() and (c.isalpha() or c == "-"))


def script(entry: str) -> tuple[str, str]:
    """An entry of a culture as (the name in its own script, its romanised form)."""
    own, _, latin = entry.partition("|")
    return own, romanise(latin or own)


# Letters that Unicode does not take apart into a base letter and a mark.
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "ß": "ss", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})


def _culture(language: str, weight: int, given: str, family: str) -> Culture:
    families = tuple(name.replace("_", " ") for name in family.split())
    return Culture(language, weight, tuple(given.split()), families)


CULTURES = (
    _culture(
        "en-GB",
        30,
        "Amelia Arthur Beth Callum Charlotte Daniel Eleanor Finlay George Grace Hannah Harry Imogen Jack"
        " Jessica Joshua Katherine Leo Lily Matthew Megan Nathan Olivia Oscar Poppy Rachel Robert Sophie"
        " Thomas William",
        "Ashworth Barker Bennett Brown Carter Clarke Cooper Dixon Edwards Fletcher Foster Green Harrison"
        " Hughes Jackson Johnson Marsh Mitchell Palmer Pearson Roberts Shaw Smith Spencer Taylor Thornton"
        " Turner Walker Wright Young",
    ),
    _culture(
        "en-IE",
        6,
        "Aisling Aoife Caoimhe Ciarán Conor Deirdre Eoin Fionnuala Gráinne Niamh Órla Pádraig Róisín Seán Síle Tadhg",
        "Byrne Daly Gallagher Kavanagh Kelly Mac_Cárthaigh McGrath Murphy Ní_Bhriain Nolan O'Brien"
        " O'Connor O'Neill Ó_Súilleabháin Quinn Ryan",
    ),
    _culture(
        "cy",
        3,
        "Aled Angharad Bronwen Carys Dafydd Eirlys Gethin Gwen Ieuan Llinos Mair Rhodri Siân Tomos",
        "ap_Gwilym Bevan Davies Evans Griffiths Gruffydd Llewelyn Morgan Parry Powell Pritchard Rhys",
    ),
    _culture(
        "en-GB",
        8,
        "Abena Adaeze Amara Ayodele Babajide Chidi Chinwe Efua Emeka Folake Ifeoma Kofi Kwame Ngozi Obinna"
        " Olúfẹ́mi Táíwò Tunde Uche Yaa Yetunde Zainab",
        "Abiodun Adeyemi Afolabi Agyeman Asante Balogun Boateng Eze Mensah Nwosu Obi Ogunleye Ojo Okonkwo"
        " Osei Owusu Ṣóyínká Uzoma",
    ),
    _culture(
        "pl",
        9,
        "Agnieszka Andrzej Bartłomiej Bożena Dariusz Elżbieta Grzegorz Jadwiga Kacper Katarzyna Krzysztof"
        " Łukasz Małgorzata Marek Paweł Piotr Stanisław Wojciech Zofia Żaneta",
        "Bąk Chmielewska Dąbrowski Grabowska Jabłoński Kaczmarek Kowalczyk Lewandowska Majewski Nowak"
        " Ostrowski Pawłowska Sikora Śliwiński Szymańska Wiśniewski Wójcik Zając Żak",
    ),
    _culture(
        "ro",
        5,
        "Alexandru Andreea Bogdan Cătălin Crina Elena Florin Gabriela Ionuț Mădălina Mihai Răzvan Ștefan Țuța Vasile",
        "Bălan Ciobanu Constantin Dumitrescu Enache Florescu Ionescu Munteanu Popa Popescu Rădulescu Stănescu Țurcanu",
    ),
    _culture(
        "pt",
        4,
        "Ângela António Beatriz Conceição Davi Fátima Gonçalo Inês João José Luís Márcia Nuno Rúben Sofia Tomé",
        "Almeida Araújo Carvalho Conceição Costa Esteves Fernandes Gonçalves Magalhães Pereira Simões"
        " da_Silva dos_Santos",
    ),
    _culture(
        "en-GB",
        9,
        "Aarav Ananya Arjun Deepa Farah Gurpreet Harleen Imran Jaspreet Kavya Lakshmi Manpreet Nadia Priya"
        " Rahul Rohan Samira Sanjay Tahmina Usman Vikram Yasmin",
        "Ahmed Ali Begum Chaudhry Chowdhury Desai Gill Hussain Iqbal Iyer Kaur Khan Krishnamurthy Malik"
        " Mistry Nair Patel Rahman Reddy Sandhu Sharma Singh",
    ),
    _culture(
        "nl",
        4,
        "Anneke Bram Daan Femke Jeroen Joost Lieke Maaike Noor Pieter Ruben Sanne Thijs Wouter",
        "Bakker de_Boer de_Vries Dijkstra Jansen van_den_Berg van_der_Meer van_'t_Hof Visser Vermeulen Smit Mulder",
    ),
    _culture(
        "de",
        3,
        "Anja Björn Dörte Friederike Günther Hans-Jürgen Jörg Katja Lukas Matthias Sabine Ulrike Uwe Wiebke",
        "Bäcker Groß Hoffmann Jäger Köhler Krüger Meißner Müller Schäfer Schröder Vogel Weiß Zimmermann",
    ),
    _culture(
        "tr",
        3,
        "Ayşe Barış Çağla Deniz Elif Gökhan Işıl Kerem Mehmet Nazlı Özge Şebnem Tuğba Umut Yiğit Zeynep",
        "Aydın Çelik Demir Doğan Erdoğan Güneş Kılıç Öztürk Şahin Yıldız Yılmaz",
    ),
    _culture(
        "nb",
        2,
        "Åse Bjørn Eirik Håkon Ingrid Jøran Kjersti Magnus Solveig Sunniva Torbjørn Øystein",
        "Ådland Bjørnstad Dahl Ødegård Haugen Lindström Nørgaard Strøm Sæther",
    ),
    _culture(
        "is",
        1,
        "Birna Einar Guðrún Hrafnhildur Sigurður Þóra Þorsteinn Ægir",
        "Gunnarsdóttir Jónsson Magnúsdóttir Sigurðsson Þórðarson Ævarsdóttir",
    ),
    _culture(
        "vi",
        3,
        "Anh Bảo Châu Dũng Hạnh Hương Linh Minh Ngọc Phúc Quỳnh Thảo Tuấn",
        "Bùi Đặng Đỗ Hồ Lê Ngô Nguyễn Phạm Trần Võ Vũ",
    ),
    _culture(
        "uk",
        3,
        "Андрій|Andrii Богдан|Bohdan Ганна|Hanna Дарина|Daryna Євген|Yevhen Ірина|Iryna Олена|Olena"
        " Остап|Ostap Соломія|Solomiia Тарас|Taras Юлія|Yuliia",
        "Бондаренко|Bondarenko Гончар|Honchar Коваль|Koval Кравченко|Kravchenko Лисенко|Lysenko"
        " Мельник|Melnyk Поліщук|Polishchuk Шевченко|Shevchenko Яременко|Yaremenko",
    ),
    _culture(
        "el",
        2,
        "Αλέξανδρος|Alexandros Βασιλική|Vasiliki Γιώργος|Giorgos Δήμητρα|Dimitra Ελένη|Eleni Νίκος|Nikos Σοφία|Sofia",
        "Αντωνίου|Antoniou Γεωργίου|Georgiou Δημητρίου|Dimitriou Νικολάου|Nikolaou Παπαδόπουλος|Papadopoulos",
    ),
    _culture(
        "ar",
        3,
        "أحمد|Ahmad خالد|Khalid زينب|Zaynab سلمى|Salma ليلى|Layla مريم|Maryam نور|Nour يوسف|Yusuf",
        "الحسن|Alhassan السيد|Alsayed حداد|Haddad خوري|Khoury درويش|Darwish منصور|Mansour نجار|Najjar",
    ),
    _culture(
        "zh",
        2,
        "伟|Wei 芳|Fang 丽|Li 强|Qiang 敏|Min 静|Jing 磊|Lei 雪|Xue 建国|Jianguo 晓明|Xiaoming",
        "王|Wang 李|Li 张|Zhang 刘|Liu 陈|Chen 杨|Yang 赵|Zhao 欧阳|Ouyang",
    ),
    _culture(
        "ja",
        1,
        "陽菜|Hina 健太|Kenta 美咲|Misaki 翔|Sho 結衣|Yui 大輔|Daisuke",
        "佐藤|Sato 鈴木|Suzuki 高橋|Takahashi 田中|Tanaka 渡辺|Watanabe",
    ),
    _culture("id", 1, "Sukarti Suharno Wati Budiman Purwanto Setiawati", ""),
)
