"""Which distribution brings a module, where the two are not called the same."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_]*[A-Za-z0-9])?")
_API_VERSION = re.compile(r"_v\d+\w*$")
_KEPT_ELSEWHERE = Path(__file__).with_name("import_names") / "pipreqs.txt"

_DISTRIBUTIONS = {
    "attr": "attrs",
    "aws_cdk": "aws-cdk-lib",
    "azure.storage.filedatalake": "azure-storage-file-datalake",
    "azure.storage.fileshare": "azure-storage-file-share",
    "barcode": "python-barcode",
    "binance": "python-binance",
    "cairo": "pycairo",
    "captcha": "captcha",
    "consul": "python-consul",
    "cpuinfo": "py-cpuinfo",
    "cv2": "opencv-python-headless",
    "dbus": "dbus-python",
    "docx": "python-docx",
    "fabfile": "fabfile",
    "faiss": "faiss-cpu",
    "ffmpeg": "ffmpeg-python",
    "fitz": "pymupdf",
    "gi": "pygobject",
    "gitlab": "python-gitlab",
    "google.api": "googleapis-common-protos",
    "google.cloud.artifactregistry": "google-cloud-artifact-registry",
    "google.cloud.artifactregistry_v1": "google-cloud-artifact-registry",
    "google.cloud.client": "google-cloud-core",
    "google.cloud.devtools.cloudbuild": "google-cloud-build",
    "google.cloud.devtools.cloudbuild_v1": "google-cloud-build",
    "google.cloud.exceptions": "google-cloud-core",
    "google.cloud.firestore_admin_v1": "google-cloud-firestore",
    "google.cloud.recaptchaenterprise": "google-cloud-recaptcha-enterprise",
    "google.cloud.recaptchaenterprise_v1": "google-cloud-recaptcha-enterprise",
    "google.cloud.resourcemanager": "google-cloud-resource-manager",
    "google.cloud.resourcemanager_v3": "google-cloud-resource-manager",
    "google.cloud.secretmanager": "google-cloud-secret-manager",
    "google.cloud.secretmanager_v1": "google-cloud-secret-manager",
    "google.cloud.sql.connector": "cloud-sql-python-connector",
    "google.iam": "grpc-google-iam-v1",
    "google.logging": "googleapis-common-protos",
    "google.longrunning": "googleapis-common-protos",
    "google.oauth2": "google-auth",
    "google.protobuf": "protobuf",
    "google.rpc": "googleapis-common-protos",
    "google.type": "googleapis-common-protos",
    "googlesearch": "googlesearch-python",
    "grpc": "grpcio",
    "imdb": "cinemagoer",
    "iso639": "iso-639",
    "jenkins": "python-jenkins",
    "jose": "python-jose",
    "kafka": "kafka-python",
    "keycloak": "python-keycloak",
    "llama_cpp": "llama-cpp-python",
    "lzo": "python-lzo",
    "markdown_it": "markdown-it-py",
    "memcache": "python-memcached",
    "mpl_toolkits": "matplotlib",
    "multipart": "python-multipart",
    "mysql": "mysql-connector-python",
    "MySQLdb": "mysqlclient",
    "nacl": "pynacl",
    "nmap": "python-nmap",
    "oauth2_provider": "django-oauth-toolkit",
    "openstack": "openstacksdk",
    "opentelemetry": "opentelemetry-api",
    "opentelemetry.exporter.otlp": "opentelemetry-exporter-otlp",
    "opentelemetry.exporter.otlp.proto.grpc": "opentelemetry-exporter-otlp-proto-grpc",
    "opentelemetry.exporter.otlp.proto.http": "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry.exporter.prometheus": "opentelemetry-exporter-prometheus",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "opentelemetry.semconv": "opentelemetry-semantic-conventions",
    "osgeo": "gdal",
    "pkg_resources": "setuptools",
    "pptx": "python-pptx",
    "psycopg": "psycopg[binary]",
    "psycopg2": "psycopg2-binary",
    "pulsar": "pulsar-client",
    "pylab": "matplotlib",
    "quickbooks": "python-quickbooks",
    "rapidjson": "python-rapidjson",
    "sdl2": "pysdl2",
    "shopify": "shopifyapi",
    "skimage": "scikit-image",
    "slugify": "python-slugify",
    "snappy": "python-snappy",
    "snowflake.connector": "snowflake-connector-python",
    "snowflake.snowpark": "snowflake-snowpark-python",
    "socks": "pysocks",
    "speech_recognition": "speechrecognition",
    "tavily": "tavily-python",
    "tlsh": "py-tlsh",
    "trello": "py-trello",
    "umap": "umap-learn",
    "vertexai": "google-cloud-aiplatform",
    "whisper": "openai-whisper",
    "wordpress_xmlrpc": "python-wordpress-xmlrpc",
    "wx": "wxpython",
    "Xlib": "python-xlib",
}
"""What the list of pipreqs lacks or has wrong, and what the rules of the families below don't give."""

_FAMILIES = {
    "airflow.providers": "apache-airflow-providers-",
    "azure": "azure-",
    "azure.ai": "azure-ai-",
    "azure.cognitiveservices": "azure-cognitiveservices-",
    "azure.communication": "azure-communication-",
    "azure.data": "azure-data-",
    "azure.iot": "azure-iot-",
    "azure.keyvault": "azure-keyvault-",
    "azure.maps": "azure-maps-",
    "azure.mgmt": "azure-mgmt-",
    "azure.monitor": "azure-monitor-",
    "azure.search": "azure-search-",
    "azure.security": "azure-security-",
    "azure.storage": "azure-storage-",
    "azure.synapse": "azure-synapse-",
    "backports": "backports.",
    "google": "google-",
    "google.analytics": "google-analytics-",
    "google.apps": "google-apps-",
    "google.cloud": "google-cloud-",
    "google.maps": "google-maps-",
    "google.shopping": "google-shopping-",
    "jaraco": "jaraco.",
    "opentelemetry.instrumentation": "opentelemetry-instrumentation-",
    "opentelemetry.propagators": "opentelemetry-propagator-",
    "ruamel": "ruamel.",
    "sphinxcontrib": "sphinxcontrib-",
    "zope": "zope.",
}
"""Namespaces that many distributions share: ``google.cloud.storage`` comes with ``google-cloud-storage``."""


def distribution_of(module: str) -> str | None:
    """The distribution that brings a module (``a.b.c``): the longest entry that fits, else its first part.

    None for a module that no distribution can be named after, such as ``_speedups``, and for a bare
    namespace such as ``google.cloud``.
    """
    parts = module.split(".")
    for count in range(len(parts), 0, -1):
        prefix = ".".join(parts[:count])
        if known := _DISTRIBUTIONS.get(prefix) or _kept_elsewhere().get(prefix):
            return known
        if prefix in _FAMILIES:
            return None
        if (family := ".".join(parts[: count - 1])) in _FAMILIES:
            return _member(_FAMILIES[family], parts[count - 1])
    return parts[0] if _NAME.fullmatch(parts[0]) else None


def is_shared(module: str) -> bool:
    """Whether several distributions bring modules below this one, as with ``google.cloud``."""
    below = f"{module}."
    return module in _FAMILIES or any(name.startswith(below) for name in _DISTRIBUTIONS)


def _member(beginning: str, part: str) -> str | None:
    name = _API_VERSION.sub("", part).replace("_", "-")
    return f"{beginning}{name}" if _NAME.fullmatch(part) else None


@cache
def _kept_elsewhere() -> dict[str, str]:
    pairs = (line.partition(" ") for line in _KEPT_ELSEWHERE.read_text(encoding="utf-8").splitlines())
    return {module: name for module, _, name in pairs}
