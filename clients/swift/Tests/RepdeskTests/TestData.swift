import Foundation

/// The vectors that the clients of all languages run: clients/testdata, beside this package.
func testData<Vectors: Decodable>(_ name: String, as type: Vectors.Type = Vectors.self) throws -> Vectors {
  let folder = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../testdata").standardized
  let decoder = JSONDecoder()
  decoder.dateDecodingStrategy = .iso8601
  return try decoder.decode(Vectors.self, from: Data(contentsOf: folder.appendingPathComponent(name)))
}
